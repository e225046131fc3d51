package handlers

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"rtbot/chat"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// maxRunes is the longest line that is read.
const maxRunes = 1000

// split turns a typed line into words: spaces part them, quotes hold them together. A line is one command: a line break
// inside it is refused, and no sign has a meaning of a shell's.
func split(line string) ([]string, error) {
	if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
		return nil, refusal.Misread(refusal.Encoding, "misread.encoding", nil)
	}
	if strings.TrimFunc(line, unicode.IsSpace) == "" {
		return nil, nil // however many blanks
	}
	if utf8.RuneCountInString(line) > maxRunes {
		return nil, refusal.Misread(refusal.Length, "misread.length", lang.With{"Max": maxRunes})
	}
	line = strings.TrimFunc(line, unicode.IsSpace)
	if strings.ContainsAny(line, "\n\r\v\f\u0085\u2028\u2029") {
		return nil, refusal.Misread(refusal.Parse, "misread.lines", nil)
	}
	return splitWords(straight.Replace(line))
}

// straight undoes what phones and chat programs do to quotes and dashes.
var straight = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "–", "--", "—", "--")

func splitWords(line string) ([]string, error) {
	var s splitter
	for i, r := range []rune(line) {
		s.read(i+1, r)
	}
	if s.quote != 0 {
		return nil, refusal.Misread(refusal.Parse, "misread.quote", lang.With{"Position": s.opened})
	}
	s.end()
	return s.words, nil
}

// splitter parts a line at spaces that stand in no quotes.
type splitter struct {
	words  []string
	word   strings.Builder
	inWord bool
	quote  rune // the quote that is open, or 0
	opened int  // where it opened
}

func (s *splitter) read(position int, r rune) {
	switch {
	case s.quote != 0 && r == s.quote:
		s.quote = 0
	case s.quote == 0 && (r == '"' || r == '\''):
		s.quote, s.opened, s.inWord = r, position, true
	case s.quote == 0 && unicode.IsSpace(r):
		s.end()
	default:
		s.word.WriteRune(r)
		s.inWord = true
	}
}

// end ends a word, which may be empty where it stood in quotes.
func (s *splitter) end() {
	if s.inWord {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.inWord = false
}

// kept is as much of a line as is stored: a longer one is refused for its length, and not for a character cut in two.
func kept(line string) string {
	most := min(len(line), chat.MaxLine)
	for most < len(line) && most > 0 && !utf8.RuneStart(line[most]) {
		most--
	}
	return line[:most]
}

// shown is somebody's input as it is repeated to them: at most 64 characters, with controls made visible.
func shown(s string) string {
	const most = 64
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return chat.Visible(s)
}
