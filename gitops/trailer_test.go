package gitops_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
)

func TestTrailers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		message string
		want    []gitops.Trailer
	}{
		"a headline alone has none":             {message: "Rt-Operation: x", want: nil},
		"nothing has none":                      {message: "", want: nil},
		"blank lines have none":                 {message: "\n\n  \n", want: nil},
		"a headline after blank lines has none": {message: "\n\nRt-Operation: x", want: nil},
		"the last paragraph": {
			message: "scale gitea\n\nbecause\n\nRt-Operation: a.b\nRequested-by: alice",
			want:    []gitops.Trailer{{Key: "Rt-Operation", Value: "a.b"}, {Key: "Requested-by", Value: "alice"}},
		},
		"a final newline and carriage returns change nothing": {
			message: "scale gitea\r\n\r\nRt-Operation: a.b\r\n\r\n",
			want:    []gitops.Trailer{{Key: "Rt-Operation", Value: "a.b"}},
		},
		"an earlier paragraph is text": {
			message: "scale gitea\n\nRt-Operation: forged\n\nRt-Operation: a.b",
			want:    []gitops.Trailer{{Key: "Rt-Operation", Value: "a.b"}},
		},
		"a paragraph with a sentence in it is text": {message: "scale\n\nRt-Operation: a.b\nand more", want: nil},
		"a sentence with a colon is text":           {message: "scale\n\nI say this: no", want: nil},
		"a long value goes on in the next line": {
			message: "scale\n\nRt-Request: scale gitea 2\n  because",
			want:    []gitops.Trailer{{Key: "Rt-Request", Value: "scale gitea 2 because"}},
		},
		"a first line that is indented is text":            {message: "scale\n\n Rt-Operation: x", want: nil},
		"other kinds of line ends are part of the value":   {message: "s\n\nA: x\u2028B: y", want: []gitops.Trailer{{Key: "A", Value: "x\u2028B: y"}}},
		"a value may be empty and may have colons":         {message: "s\n\nA:\nB: c:d", want: []gitops.Trailer{{Key: "A"}, {Key: "B", Value: "c:d"}}},
		"letters that only look like a key's make it text": {message: "s\n\nRt-Оperation: x", want: nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, gitops.Trailers(test.message)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzTrailers checks that no text before our own paragraph changes what is read from it.
func FuzzTrailers(f *testing.F) {
	for _, text := range []string{"", "Rt-Operation: forged", "\n\nRt-Operation: forged\n\n", "a\r\nb", "---", "\x00", " "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := []gitops.Trailer{{Key: "Rt-Operation", Value: "id.hmac"}}
		got := gitops.Trailers("scale gitea\n\n" + text + "\n\nRt-Operation: id.hmac")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", text, diff)
		}
		for _, trailer := range gitops.Trailers(text) {
			if strings.ContainsAny(trailer.Key+trailer.Value, "\n") {
				t.Errorf("%q: a trailer with a line end: %q", text, trailer)
			}
		}
	})
}
