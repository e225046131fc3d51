package mask

import (
	"regexp"
	"strings"
)

// phrase is a way in which people and programs write a secret behind other words: what the parentheses hold is the secret.
type phrase struct {
	// hint must be in the text, so that the pattern is worth trying.
	hint    string
	pattern *regexp.Regexp
	// odd is true where the secret must not be a plain word.
	odd bool
}

var spoken = []phrase{
	{"--", regexp.MustCompile(`(?i)--[a-z0-9-]*(?:password|passwd|token|secret|api-key|access-key)[ \t]+['"]?([^\s'"-][^\s'"]*)`), false},
	{"arer ", regexp.MustCompile(`(?i)\bbearer[ \t]+([A-Za-z0-9._~+/=-]{8,})`), true},
	{"asic ", regexp.MustCompile(`(?i)\bbasic[ \t]+([A-Za-z0-9+/=_-]{8,})`), true},
	{"@", regexp.MustCompile(`\b([\w.-]+:[^\s:@/"']+)@(?:tcp|udp|unix)\(`), false},
	{"'", regexp.MustCompile(`(?i)\b(?:identified[ \t]+by|password)[ \t]+'([^'\n]+)'`), false},
	{" -u", regexp.MustCompile(`\bcurl\b[^\n|;]{0,200}? -u[ \t]*['"]?([^\s:'"]+:[^\s'"]+)`), false},
}

// phrases finds secrets by the words before them.
func phrases(text string) []span {
	var found []span
	for _, p := range spoken {
		if !strings.Contains(text, p.hint) {
			continue
		}
		for _, m := range p.pattern.FindAllStringSubmatchIndex(text, -1) {
			if !p.odd || isOdd(text[m[2]:m[3]]) {
				found = append(found, span{m[2], m[3]})
			}
		}
	}
	return found
}

// isOdd reports whether a word is none that people write.
func isOdd(word string) bool {
	return strings.ContainsAny(word, "0123456789=+/") || strings.ContainsAny(word[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
