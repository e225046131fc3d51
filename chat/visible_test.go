package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
)

func TestVisible(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"clean text comes back as it was", "gitea is at 2 of 2 — « prêt » 世界 🚀", "gitea is at 2 of 2 — « prêt » 世界 🚀"},
		{"line feeds and tabs stay", "a\tb\nc", "a\tb\nc"},
		{"line ends become line feeds", "a\r\nb\rc\u0085d", "a\nb\nc\nd"},
		{"a carriage return hides nothing", "ok\rFAILED", "ok\nFAILED"},
		{"controls go", "abc\b\b\bxyz\v\f\x00\x07\x7f", "abcxyz"},
		{"C1 controls go, encoded or not", "a\u0081b\x81c\u009d", "abc"},
		{"colours go", "\x1b[1;31mred\x1b[0m", "red"},
		{"colours after a C1 introducer go", "\u009b31mred\x9b0m", "red"},
		{"a title goes", "\x1b]0;owned\x07text", "text"},
		{"a terminal link leaves its text", "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"},
		{"a title that C1 controls bracket goes", "\u009d0;owned\u009ctext", "text"},
		{"device control goes", "\x1bP1$r0m\x1b\\text", "text"},
		{"a character set switch goes", "\x1b(0lqk\x1b(B", "lqk"},
		{"a terminal reset goes", "\x1bcgone?", "gone?"},
		{"a sequence without an end hides nothing", "\x1b]0;title\nERROR\x07", "]0;title\nERROR"},
		{"an open sequence leaves what follows it", "\x1b[31", "[31"},
		{"an escape at the end goes", "text\x1b", "text"},
		{"the reading direction cannot be turned", "web\u202Egnp.yaml", "web[U+202E]gnp.yaml"},
		{"isolates are shown", "\u2066a\u2069", "[U+2066]a[U+2069]"},
		{"zero width characters are shown", "we\u200db\u200b\ufeff\u2060", "we[U+200D]b[U+200B][U+FEFF][U+2060]"},
		{"a soft hyphen is shown", "we\u00adb", "we[U+00AD]b"},
		{"tag characters are shown", "a\U000E0041\U000E007F", "a[U+E0041][U+E007F]"},
		{"variation selectors are shown", "a\ufe0f\U000E0100", "a[U+FE0F][U+E0100]"},
		{"separators that look like nothing are shown", "a\u2028b\u2029", "a[U+2028]b[U+2029]"},
		{"fillers are shown", "\u3164\u115f\uffa0", "[U+3164][U+115F][U+FFA0]"},
		{"what is not UTF-8 is replaced", "restart \xff\xfe", "restart \ufffd\ufffd"},
		{"an overlong slash is no slash", "\xc0\xaf", "\ufffd\ufffd"},
		{"nothing stays nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, chat.Visible(tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A line full of sequences that never end is read once, not once for each of them: with the latter this takes minutes.
func TestVisibleReadsLongLinesInOneGo(t *testing.T) {
	for _, opening := range []string{"\x1b]", "\u009d", "\x9d", "\x1bP", "\x1b[", "\x9b"} {
		long := strings.Repeat(opening, 1<<20)
		if got := chat.Visible(long); strings.ContainsAny(got, "\x1b\u009d") {
			t.Errorf("%q left a control behind", opening)
		}
	}
}

// The tables of Unicode say which characters leave no trace, and each of them is shown by its number.
func TestVisibleShowsEveryCharacterThatLeavesNoTrace(t *testing.T) {
	for r := rune(0xa0); r <= unicode.MaxRune; r++ {
		want := string(r)
		if unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			want = fmt.Sprintf("[U+%04X]", r)
		}
		if got := chat.Visible(string(r)); got != want {
			t.Errorf("%U became %q, want %q", r, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, seed := range []string{
		"plain", "\x1b[31mred", "\x1b]8;;x\x07y", "\u202e\u2066", "a\r\nb\rc", "\x9b31m", "\xff\xfe\x00", "\U000E0041\ufe0f",
		"\x1b\x1b[\x1b]", "\u009b\u009c", "[U+202E]", "\xc2", "é\x9c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := chat.Visible(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q became %q, which is not UTF-8", s, got)
		}
		for _, r := range got {
			if r == '\n' || r == '\t' {
				continue
			}
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Bidi_Control, r) ||
				unicode.Is(unicode.Variation_Selector, r) || r == '\u2028' || r == '\u2029' {
				t.Errorf("%q became %q, which still has %U", s, got, r)
			}
		}
		if again := chat.Visible(got); again != got {
			t.Errorf("%q became %q, and that became %q", s, got, again)
		}
	})
}

// BenchmarkVisible reads 64 KiB of what logs and manifests hold.
func BenchmarkVisible(b *testing.B) {
	const size = 64 << 10
	for _, bench := range []struct{ name, text string }{
		{"log", "2026-11-24T20:26:00Z INFO gitea is at 2 of 2\n"},
		{"French", "« déjà prêt » : à côté, l’été — réglé\n"},
		{"Chinese", "部署已经完成，两个副本都准备好了。\n"},
		{"colours", "\x1b[32mINFO\x1b[0m gitea is at 2 of 2\r\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			text := strings.Repeat(bench.text, size/len(bench.text))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				chat.Visible(text)
			}
		})
	}
}
