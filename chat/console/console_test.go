package console_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/console"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// rich has every part that a card can have.
func rich() chat.Card {
	return chat.Card{
		Operation: "m2n4p6r8", State: chat.Waiting, Mood: chat.Careful, Title: "gitea: replicas 1 to 0 waits for approval.", Language: "en",
		Text:  []string{"This stops gitea.", "Nothing was changed."},
		Facts: []chat.Fact{{Label: "Commit", Value: "1a2b3c4d", Link: "https://git.example.org/commit/1a2b3c4d"}, {Label: "Replicas", Value: "1"}},
		Steps: []chat.Step{
			{Label: "plan", State: chat.StepDone, Took: 123456 * time.Microsecond},
			{Label: "commit", State: chat.StepFailed, Took: 2 * time.Second, Note: "tried again"},
			{Label: "sync", State: chat.StepRunning},
			{Label: "verify", State: chat.StepPending, Note: "still to come"},
		},
		Table: &chat.Table{
			Columns: []string{"App", "State", "Note"},
			Rows:    [][]string{{"gitea", "healthy", ""}, {"nginx-front", "sealed\tor\nnot", "世界"}},
		},
		Quotes:  []chat.Quote{{Label: "Diff", Text: "@@ -12 +12 @@\r\n-  replicas: 1\n+  replicas: 0\n", Diff: true}, {Label: "Log", Text: "no end"}},
		Buttons: []chat.Button{{Label: "Approve", Command: "approve m2n4p6r8", Danger: true}, {Label: "Cancel", Command: "cancel m2n4p6r8"}},
	}
}

func TestACardReadsWellInATerminal(t *testing.T) {
	const text = "\x1b[31mred\x1b]0;owned\x07 \u202Egnp\u200b\x00"
	tests := map[string]chat.Card{
		"rich":  rich(),
		"empty": {},
		"hostile": {
			State: chat.Failed, Title: text, Text: []string{text}, Facts: []chat.Fact{{Label: "Image", Value: text, Link: text}},
			Steps: []chat.Step{{Label: "sync", State: chat.StepFailed, Note: text}}, Table: &chat.Table{Columns: []string{"Name"}, Rows: [][]string{{text}}},
			Quotes: []chat.Quote{{Label: "Log", Text: text + "\n" + text}}, Buttons: []chat.Button{{Label: text, Command: text}},
		},
	}
	for _, state := range []chat.State{
		chat.Working, chat.Waiting, chat.Done, chat.Already, chat.Answered, chat.Failed, chat.Refused, chat.Misunderstood,
	} {
		tests["state-"+string(state)] = chat.Card{State: state, Title: "gitea is " + string(state) + "."}
	}
	for name, card := range tests {
		t.Run(name, func(t *testing.T) { golden(t, name, console.Render(card)) })
	}
}

func TestNoControlReachesTheTerminal(t *testing.T) {
	card := rich()
	card.Title = "a\x1b[2Jb\rc\u009b31m\u202E"
	if got := console.Render(card); strings.ContainsAny(got, "\x1b\r\u009b\u202E\x00") {
		t.Errorf("%q", got)
	}
}

func TestTheHeadOfACardIsItsFirstLines(t *testing.T) {
	whole := console.Render(rich())
	for enough := range len(whole) + 2 {
		got := console.Head(rich(), enough)
		if !strings.HasPrefix(whole, got) || len(got) < min(enough, len(whole)) || got != "" && !strings.HasSuffix(got, "\n") {
			t.Errorf("%d bytes are enough: got %q of %q", enough, got, whole)
		}
	}
	if got, want := console.Head(rich(), 1), "? gitea: replicas 1 to 0 waits for approval.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A line end in what strangers write does not begin a line that looks like ours.
func TestWhatIsQuotedStaysIndented(t *testing.T) {
	t.Parallel()
	const forged = "x\r✓ gitea: all is done\u0085✓ again\n✓ and again"
	card := chat.Card{
		State: chat.Failed, Title: forged, Text: []string{forged}, Facts: []chat.Fact{{Label: "Said", Value: forged}},
		Steps: []chat.Step{{Label: "synced", State: chat.StepFailed, Note: forged}}, Quotes: []chat.Quote{{Label: "Log", Text: forged}},
	}
	for line := range strings.Lines(console.Render(card)) {
		if strings.HasPrefix(line, "✓") {
			t.Errorf("a line of its own: %q", line)
		}
	}
}
