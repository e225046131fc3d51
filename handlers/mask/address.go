package mask

import "strings"

// addresses finds who logs in by a URL, with what: the user and the password go, the host stays.
func addresses(text string) []span {
	var found []span
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return found
		}
		from += i + len("://")
		end := run(text, from, func(c byte) bool { return strings.IndexByte(" \t\n/?#\"'<>`\\", c) < 0 })
		at := strings.LastIndexByte(text[from:end], '@')
		if user := text[from : from+max(at, 0)]; user != "" && user != "git" && user != Placeholder {
			found = append(found, span{from, from + at})
		}
		from = end
	}
}
