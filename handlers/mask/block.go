package mask

import (
	"regexp"
	"strings"
)

const (
	keyBegin = "-----BEGIN "
	keyEnd   = "-----END "
	private  = "PRIVATE KEY"
)

// privateKeys finds private keys in PEM, also where a log has cut off one end, and where line ends stand as \n.
func privateKeys(text string) []span {
	if !strings.Contains(text, private) {
		return nil
	}
	var found []span
	from, lastEnd := 0, strings.LastIndex(text, keyEnd)
	for {
		i := strings.Index(text[from:], private)
		if i < 0 {
			return found
		}
		floor := from
		i += from
		from = i + len(private)
		head := text[max(0, i-24):i]
		switch {
		case strings.Contains(head, keyBegin):
			begin := max(0, i-24) + strings.LastIndex(head, keyBegin)
			from = keyFrom(text, i, lastEnd)
			found = append(found, span{begin, from})
		case strings.Contains(head, keyEnd):
			begin := max(0, i-24) + strings.LastIndex(head, keyEnd)
			from = dashes(text, from)
			found = append(found, span{keyBefore(text, begin, floor), from})
		}
	}
}

// dashes is where the dashes end that close a line of PEM.
func dashes(text string, i int) int {
	i += len(text[i:]) - len(strings.TrimPrefix(text[i:], " BLOCK"))
	return run(text, i, func(c byte) bool { return c == '-' })
}

// longestPEM is how long a key can be.
const longestPEM = 16 << 10

// keyFrom is where a key ends whose label stands at i: at its end line, or where what follows is no more of it.
func keyFrom(text string, i, lastEnd int) int {
	if lastEnd > i {
		if n := strings.Index(text[i:min(len(text), i+longestPEM)], keyEnd); n >= 0 {
			end := i + n
			if at := strings.Index(text[end:min(len(text), end+64)], private); at >= 0 {
				return dashes(text, end+at+len(private))
			}
		}
	}
	return keyRest(text, dashes(text, i+len(private)))
}

// keyRest is where the lines end that begin at i and can be those of a key.
func keyRest(text string, i int) int {
	end := i
	for end < len(text) && (isKey(text[end]) || text[end] == ' ' && text[end-1] == ':') {
		end++
	}
	if n := strings.LastIndexByte(text[i:end], '\n'); n >= 0 && end < len(text) && text[end] == ' ' {
		return i + n // the last line is of words
	}
	return end
}

// keyBefore is where a key begins whose end line begins at i and whose beginning was cut off; it begins behind floor.
func keyBefore(text string, i, floor int) int {
	begin := i
	for begin > floor && isKey(text[begin-1]) {
		begin--
	}
	if n := strings.IndexByte(text[begin:i], '\n'); n >= 0 && begin > 0 && text[begin-1] == ' ' {
		return begin + n + 1 // the first line is of words
	}
	return begin
}

// isKey tells what a key in PEM is made of: base64, line ends (also as \n) and the headers of an encrypted one.
func isKey(c byte) bool { return isToken(c) || strings.IndexByte("\n\r\\:,", c) >= 0 }

var (
	secretKind = regexp.MustCompile(`\bkind\\?["']?[ \t]*:[ \t]*\\?["']?Secret(?:List)?\b`)
	secretData = regexp.MustCompile(`\b(?:data|stringData)\\?["']?[ \t]*:[ \t]*`)
)

// manifests finds the values of a Secret's data, where a text has one in YAML or JSON.
func manifests(text string) []span {
	if !strings.Contains(text, "Secret") || !secretKind.MatchString(text) {
		return nil
	}
	var found []span
	from := 0
	for _, m := range secretData.FindAllStringIndex(text, -1) {
		if m[0] < from {
			continue
		}
		var values []span
		if m[1] < len(text) && text[m[1]] == '{' {
			values, from = braces(text, m[1])
		} else {
			values, from = indented(text, m)
		}
		found = append(found, values...)
	}
	return found
}

// braces is all that stands between the brace at i and the one that closes it.
func braces(text string, i int) (found []span, end int) {
	depth := 0
	for end = i; end < len(text); end++ {
		switch text[end] {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	inside := strings.TrimSpace(text[i+1 : end])
	if inside == "" || inside == Placeholder {
		return nil, end
	}
	return []span{{i + 1, end}}, end
}

// indented are the values of the lines that stand deeper than the key at m.
func indented(text string, m []int) (found []span, end int) {
	column := m[0] - strings.LastIndexByte(text[:m[0]], '\n') - 1
	end = run(text, m[1], func(c byte) bool { return c != '\n' }) + 1
	for end < len(text) {
		line, _, _ := strings.Cut(text[end:], "\n")
		content := strings.TrimLeft(line, " \t")
		depth := len(line) - len(content)
		if content != "" && depth <= column {
			break
		}
		if key := strings.Index(content, ":"); key >= 0 && depth > 0 {
			value := strings.TrimLeft(content[key+1:], " \t")
			found = append(found, dataValue(end+len(line)-len(value), value)...)
		} else {
			found = append(found, dataValue(end+depth, content)...)
		}
		end += len(line) + 1
	}
	return found, min(end, len(text))
}

// dataValue is the value that begins at i, but for a sign of YAML or the size that kubectl describe shows.
func dataValue(i int, value string) []span {
	if value = strings.TrimRight(value, " \t\r"); strings.Trim(value, `"'|>-`) == "" || value == Placeholder {
		return nil
	}
	return []span{{i, i + len(value)}}
}
