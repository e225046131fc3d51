package manifest

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// splice puts a value in the place of a plain scalar and proves that nothing else changed: the bytes there are the old
// value, and the new file parses to the same documents but for that value.
func (s *source) splice(n *yaml.Node, value string) ([]byte, error) {
	start := s.start(n)
	old := []byte(n.Value)
	if start > len(s.file.Data) || !bytes.HasPrefix(s.file.Data[start:], old) {
		return nil, s.refuse(Value, n.Line)
	}
	edited := slices.Concat(s.file.Data[:start], []byte(value), s.file.Data[start+len(old):])
	again, err := parse(gitops.File{Path: s.file.Path, Data: edited})
	if err != nil || !s.differsOnly(again, n, value) {
		return nil, s.refuse(Value, n.Line)
	}
	return edited, nil
}

// start is where a scalar is written: the parser's position is that of its anchor, where it has one.
func (s *source) start(n *yaml.Node) int {
	at := offset(s.file.Data, n.Line, n.Column)
	if n.Anchor == "" {
		return at
	}
	at += len("&" + n.Anchor)
	for at < len(s.file.Data) && strings.IndexByte(" \t\r\n", s.file.Data[at]) >= 0 {
		at++
	}
	return at
}

// differsOnly reports whether another reading is this one with one scalar changed.
func (s *source) differsOnly(other *source, n *yaml.Node, value string) bool {
	return slices.EqualFunc(s.documents, other.documents, func(a, b *yaml.Node) bool { return same(a, b, n, value) })
}

func same(a, b, changed *yaml.Node, value string) bool {
	want := a.Value
	if a == changed {
		want = value
	}
	if b.Value != want || looks(a) != looks(b) {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, func(x, y *yaml.Node) bool { return same(x, y, changed, value) })
}

// look is all of a node but its value and what is in it.
type look struct {
	kind               yaml.Kind
	style              yaml.Style
	tag, anchor        string
	line               int
	above, beside, end string
}

func looks(n *yaml.Node) look {
	return look{n.Kind, n.Style, n.Tag, n.Anchor, n.Line, n.HeadComment, n.LineComment, n.FootComment}
}

// offset is where a line and column of the parser are in the bytes. Both count from 1; a column is a rune, a byte order
// mark is none, and CR, LF, CRLF, NEL, LS and PS each end a line.
func offset(data []byte, line, column int) int {
	at := 0
	if bytes.HasPrefix(data, []byte("\uFEFF")) {
		at = len("\uFEFF")
	}
	for l, c := 1, 1; at < len(data) && (l < line || c < column); {
		r, size := utf8.DecodeRune(data[at:])
		at += size
		switch r {
		case '\r':
			if at < len(data) && data[at] == '\n' {
				at++
			}
			l, c = l+1, 1
		case '\n', '\u0085', '\u2028', '\u2029':
			l, c = l+1, 1
		default:
			c++
		}
	}
	return at
}
