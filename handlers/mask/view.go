package mask

import "strings"

// view is a text as it is searched, with the place of each of its bytes in the text that it was made of.
type view struct {
	text string
	at   []int // nil where both are the same
}

// mark begins how chat.Visible shows a hidden character: [U+200B].
const mark = "[U+"

// unmarked is a text without the marks of hidden characters: a token that somebody parted with them is whole again.
func unmarked(s string) view {
	if !strings.Contains(s, mark) {
		return view{text: s}
	}
	v := view{at: make([]int, 0, len(s))}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if n := markLength(s[i:]); n > 0 {
			i += n - 1
			continue
		}
		out.WriteByte(s[i])
		v.at = append(v.at, i)
	}
	v.text = out.String()
	return v
}

// markLength is the length of the mark that s begins with, or 0.
func markLength(s string) int {
	if !strings.HasPrefix(s, mark) {
		return 0
	}
	end := strings.IndexByte(s[:min(len(s), len(mark)+9)], ']')
	if end < 0 || strings.Trim(s[len(mark):end], "0123456789ABCDEF") != "" {
		return 0
	}
	return end + 1
}

// places are spans of the view where they stand in the text.
func (v view) places(found []span) []span {
	if v.at == nil {
		return found
	}
	placed := make([]span, 0, len(found))
	for _, s := range found {
		if s.from < s.to {
			placed = append(placed, span{v.at[s.from], v.at[s.to-1] + 1})
		}
	}
	return placed
}

// joined is the view with those lines put together that a program wrapped: it can part a token that is longer than what
// was left of its line. wraps is false where there are none.
func (v view) joined() (_ view, wraps bool) {
	lines := strings.SplitAfter(v.text, "\n")
	w := view{at: make([]int, 0, len(v.text))}
	var out strings.Builder
	place := 0
	for i, line := range lines {
		kept, skip := line, 0
		if i+1 < len(lines) && wrapped(line, lines[i+1]) {
			kept, wraps = strings.TrimSuffix(line, "\n"), true
		}
		if i > 0 && wrapped(lines[i-1], line) {
			skip = len(line) - len(strings.TrimLeft(line, " \t"))
		}
		for n := skip; n < len(kept); n++ {
			out.WriteByte(kept[n])
			w.at = append(w.at, v.place(place+n))
		}
		place += len(line)
	}
	w.text = out.String()
	return w, wraps
}

func (v view) place(i int) int {
	if v.at == nil {
		return i
	}
	return v.at[i]
}

// shortestWrap is the shortest line that a program wraps; usualWrap are the widths that it wraps at.
const shortestWrap = 60

var usualWrap = map[int]bool{64: true, 72: true, 76: true, 78: true, 79: true, 80: true, 100: true, 120: true}

// wrapped reports whether a line may go on in the next one: there is no blank at the break, and either the line has a usual
// width, or the next is as long or nothing but one word.
func wrapped(line, next string) bool {
	line, next = strings.TrimSuffix(line, "\n"), strings.Trim(next, " \t\n")
	if len(line) < shortestWrap || next == "" || line[len(line)-1] <= ' ' {
		return false
	}
	return usualWrap[len(line)] || len(next) == len(strings.TrimLeft(line, " \t")) || !strings.ContainsAny(next, " \t")
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isWord tells the characters of most tokens, isBase64 those of either alphabet of base64, isToken those of both.
func isWord(c byte) bool   { return isAlnum(c) || c == '_' || c == '-' }
func isBase64(c byte) bool { return isWord(c) || c == '+' || c == '/' }
func isToken(c byte) bool  { return isBase64(c) || c == '=' || c == '.' }

// run is where the run of such characters ends that begins at i.
func run(text string, i int, is func(byte) bool) int {
	for i < len(text) && is(text[i]) {
		i++
	}
	return i
}
