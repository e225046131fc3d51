package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// shortest is how long a credential of the bot's own must be: to mask anything shorter would make holes in plain words.
const shortest = 6

// Know makes the masker mask these credentials from now on, in each way in which they may be written. One that it knew
// stays known: a token that was renewed may still stand in a log.
func (m *Masker) Know(secrets ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range secrets {
		s = strings.TrimSpace(s)
		if len(s) < shortest || slices.Contains(m.known, s) {
			continue
		}
		m.known = append(m.known, s)
		m.forms = append(m.forms, written(s)...)
		for line := range strings.Lines(s) { // a key of several lines appears line by line
			if line = strings.TrimSpace(line); len(line) >= 4*shortest && line != s && !strings.HasPrefix(line, "-----") {
				m.forms = append(m.forms, written(line)...)
			}
		}
	}
	slices.SortFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
	m.forms = slices.Compact(m.forms)
}

// written are the ways in which a credential appears: as it is, escaped for JSON or for a URL, in hexadecimal, and in
// base64, also as a part of something longer.
func written(s string) []string {
	quoted, err := json.Marshal(s)
	if err != nil {
		quoted = []byte(s)
	}
	query, path := url.QueryEscape(s), url.PathEscape(s)
	forms := []string{
		s, strings.Trim(string(quoted), `"`), query, path, lowerEscapes(query), lowerEscapes(path), hex.EncodeToString([]byte(s)),
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			forms = append(forms, within(encoding, s, offset))
		}
	}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	return slices.DeleteFunc(forms, func(f string) bool { return len(f) < shortest })
}

// within is what is always the same of a credential in base64 when it begins behind offset other bytes: the characters that
// its neighbours share are left out.
func within(encoding *base64.Encoding, s string, offset int) string {
	text := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + s))
	whole := (offset + len(s)) / 3 * 4
	return text[(offset*8+5)/6 : min(len(text), whole)]
}

// lowerEscapes writes the escapes of a URL in small letters, as some programs do.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// own finds the bot's own credentials.
func (m *Masker) own(text string) []span {
	m.mu.RLock()
	forms := m.forms
	m.mu.RUnlock()
	var found []span
	for _, form := range forms {
		for from := 0; ; {
			i := strings.Index(text[from:], form)
			if i < 0 {
				break
			}
			found = append(found, span{from + i, from + i + len(form)})
			from += i + len(form)
		}
	}
	return found
}
