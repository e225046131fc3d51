package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes text that somebody else wrote safe to look at: terminal sequences and control characters are taken out, all
// but line feed and tab; every kind of line end becomes a line feed; characters that nobody sees or that turn the reading
// direction are shown by their number, as [U+202E]; bytes that are not UTF-8 become U+FFFD. Clean text comes back as it was.
func Visible(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, suspicious) {
		return s
	}
	var b strings.Builder
	for s != "" {
		if n := sequence(s); n > 0 {
			s = s[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 && isC1(rune(s[0])) {
			r = rune(s[0])
		}
		s = s[size:]
		if r == '\r' && strings.HasPrefix(s, "\n") {
			continue
		}
		show(&b, r)
	}
	return b.String()
}

// show writes one character as it appears.
func show(b *strings.Builder, r rune) {
	switch {
	case r == '\n', r == '\t':
		b.WriteRune(r)
	case r == '\r', r == '\u0085':
		b.WriteByte('\n')
	case unicode.IsControl(r):
	case hidden(r):
		fmt.Fprintf(b, "[U+%04X]", r)
	default:
		b.WriteRune(r)
	}
}

func suspicious(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || hidden(r))
}

// hidden tells the characters that leave no trace on the screen, or that change how others are read.
func hidden(r rune) bool {
	const softHyphen, joiner = '\u00ad', '\u034f' // the first two of them: Latin letters are spared the tables
	if r < joiner {
		return r == softHyphen
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func isC1(r rune) bool { return r >= 0x80 && r <= 0x9f }

// sequence is the length of the terminal sequence that s begins with; 0 where it begins with none. What is not complete
// is no sequence: then only its control character goes, and the text after it stays to be read.
func sequence(s string) int {
	kind, start := introducer(s)
	switch kind {
	case 0:
		return 0
	case '[':
		return upToFinal(s, start, '@')
	case ']', 'P', 'X', '^', '_':
		return upToEnd(s, start)
	}
	return upToFinal(s, start-1, '0')
}

// introducer reads what a sequence begins with, ESC and a letter or the C1 control that means the same, and where its
// content starts.
func introducer(s string) (kind byte, start int) {
	switch {
	case len(s) >= 2 && s[0] == 0x1b:
		return s[1], 2
	case s[0] == 0x9b: // not UTF-8: a terminal that reads Latin-1 takes it all the same
		return '[', 1
	case len(s) >= 2 && s[0] == 0xc2 && strings.IndexByte("\x90\x98\x9b\x9d\x9e\x9f", s[1]) >= 0:
		return s[1] - 0x40, 2
	}
	return 0, 0
}

// upToFinal measures a sequence of parameters that one byte ends, final or above.
func upToFinal(s string, i int, final byte) int {
	for i < len(s) && s[i] >= ' ' && s[i] < final {
		i++
	}
	if i < len(s) && s[i] >= final && s[i] < 0x7f {
		return i + 1
	}
	return 0
}

// upToEnd measures a sequence that carries a text, up to BEL or ST. Any other control on the way, a line end above all,
// means that it has no end: what others wrote after it is not hidden.
func upToEnd(s string, i int) int {
	for i < len(s) {
		rest := s[i:]
		switch {
		case s[i] == 0x07:
			return i + 1
		case strings.HasPrefix(rest, "\x1b\\"), strings.HasPrefix(rest, "\u009c"):
			return i + 2
		}
		r, size := utf8.DecodeRuneInString(rest)
		if unicode.IsControl(r) {
			return 0
		}
		i += size
	}
	return 0
}
