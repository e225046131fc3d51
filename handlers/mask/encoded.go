package mask

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostDecoded is how many layers of base64 are looked through, and leastEncoded the shortest text that is decoded.
const (
	mostDecoded  = 2
	leastEncoded = 16
)

// encoded finds base64 of text that has a secret in it.
func (m *Masker) encoded(text string, depth int) []span {
	if depth == 0 {
		return nil
	}
	var found []span
	for i := 0; i < len(text); i++ {
		if !isBase64(text[i]) {
			continue
		}
		end := run(text, i, isBase64)
		if end-i >= leastEncoded {
			if plain, ok := decode(text[i:end]); ok && len(m.search(plain, depth-1)) > 0 {
				found = append(found, span{i, run(text, end, func(c byte) bool { return c == '=' })})
			}
		}
		i = end
	}
	return found
}

// standard writes the alphabet for URLs in that of everything else.
var standard = strings.NewReplacer("-", "+", "_", "/")

// decode reads base64 of either alphabet, where it is of readable text.
func decode(s string) (string, bool) {
	s = standard.Replace(s)
	if len(s)%4 == 1 {
		s = s[:len(s)-1]
	}
	plain, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(plain) {
		return "", false
	}
	odd := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }
	return string(plain), !bytes.ContainsFunc(plain, odd)
}
