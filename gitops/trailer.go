package gitops

import "strings"

// Trailer is a line "Key: value" at the end of a commit's message.
type Trailer struct {
	Key   string
	Value string
}

// Trailers gives the trailers of a message: the lines of its last paragraph, if each of them is one. The first paragraph
// is the headline and never a trailer, and what stands in an earlier paragraph is text, whatever it looks like.
func Trailers(message string) []Trailer {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(message, "\r\n", "\n"), " \t\n"), "\n")
	start := len(lines)
	for start > 0 && strings.TrimSpace(lines[start-1]) != "" {
		start--
	}
	if start == 0 || strings.TrimSpace(strings.Join(lines[:start], "")) == "" {
		return nil
	}
	var trailers []Trailer
	for _, line := range lines[start:] {
		if more, ok := continued(line); ok && len(trailers) > 0 {
			trailers[len(trailers)-1].Value += " " + more
			continue
		}
		t, ok := parseTrailer(line)
		if !ok {
			return nil
		}
		trailers = append(trailers, t)
	}
	return trailers
}

// continued says whether a line goes on with the trailer above it.
func continued(line string) (string, bool) {
	return strings.TrimSpace(line), strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
}

// parseTrailer reads one line.
func parseTrailer(line string) (Trailer, bool) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	key, value, ok := strings.Cut(line, ":")
	if !ok || key == "" || strings.Trim(key, letters) != "" {
		return Trailer{}, false
	}
	return Trailer{Key: key, Value: strings.TrimSpace(value)}, true
}
