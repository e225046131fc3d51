package slack_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/slack/slacktest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// full has everything that a card can have.
func full() chat.Card {
	return chat.Card{
		Operation: "k7f3q2mz", State: chat.Waiting, Mood: chat.Careful, Title: "jenkins: replicas 1 → 0 needs an approval",
		Text:    []string{"Another admin can approve it within 10 minutes.", "Dangerous: no pod of Deployment/jenkins is left."},
		Facts:   []chat.Fact{{Label: "File", Value: "k8s/03-apps/jenkins.yaml:22"}, {Label: "Application", Value: "layer-03-apps", Link: "https://argo.example.org/applications/layer-03-apps"}},
		Steps:   []chat.Step{{Label: "planned", State: chat.StepDone, Took: 123 * time.Millisecond}, {Label: "approval", State: chat.StepRunning}, {Label: "verified", State: chat.StepPending, Note: "0 of 0 ready"}},
		Table:   &chat.Table{Columns: []string{"App", "Ready"}, Rows: [][]string{{"gitea", "2/2"}, {"nginx-front", "1/1"}}},
		Quotes:  []chat.Quote{{Label: "The change", Text: "-  replicas: 1\n+  replicas: 0\n", Diff: true}},
		Buttons: []chat.Button{{Label: "Approve", Command: "approve k7f3q2mz", Danger: true}, {Label: "Refuse", Command: "refuse k7f3q2mz"}},
	}
}

// hostile has what strangers write into names, logs and manifests.
func hostile() chat.Card {
	const evil = "<!channel> <@U1> <https://evil.example|Approve> *bold* `code` & \u202Egnp \x1b[31mred"
	c := chat.Card{State: chat.Failed, Title: evil, Text: []string{evil, ""}, Facts: []chat.Fact{{Label: evil, Value: evil, Link: "javascript:alert(1)"}, {Label: "empty"}}}
	c.Quotes = []chat.Quote{{Label: "said", Text: "```\n<!here>\n" + evil}, {Label: "nothing", Text: ""}}
	c.Table = &chat.Table{Columns: []string{evil}, Rows: [][]string{{"a\nb\tc"}}}
	c.Steps = []chat.Step{{Label: evil, State: chat.StepFailed, Note: evil}}
	c.Buttons = []chat.Button{{Label: evil, Command: "help"}, {Label: "", Command: "status"}}
	return c
}

// huge is what everything failing at once makes.
func huge() chat.Card {
	long := strings.Repeat("é", 20_000)
	c := chat.Card{State: chat.Answered, Title: long, Table: &chat.Table{Columns: []string{"Pod"}}}
	for range 400 {
		c.Text = append(c.Text, long)
		c.Facts = append(c.Facts, chat.Fact{Label: "Pod", Value: long, Link: "https://example.org/"})
		c.Steps = append(c.Steps, chat.Step{Label: long})
		c.Table.Rows = append(c.Table.Rows, []string{long[:200]})
		c.Quotes = append(c.Quotes, chat.Quote{Label: long, Text: long})
		c.Buttons = append(c.Buttons, chat.Button{Label: long, Command: "why x"})
	}
	return c
}

// The blocks of each card are taken by a Slack that holds its limits, and are what the golden says.
func TestCardsAsBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]chat.Card{"full": full(), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := w.slack.Show(t.Context(), w.talk.answer(asked, c)); err != nil {
				t.Fatal(err)
			}
			w.eventually("the message", func() bool { return len(w.server.Messages("C1")) == 1 })
			v := w.server.Messages("C1")[0].Current()
			got := v.Text + "\n" + strings.ReplaceAll(string(v.Blocks), `},{"type"`, "},\n{\"type\"") + "\n"
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, call := range w.server.Calls() {
				if call == "chat.update" {
					t.Error("the first try was not good")
				}
			}
		})
	}
}

// What everything failing at once makes is taken at the first try, as blocks and, where Slack hates those, as plain text.
func TestAHugeCardIsCutToSlacksLimits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []slacktest.Fault
		tries  int
	}{
		"as blocks":     {nil, 1},
		"as plain text": {[]slacktest.Fault{{Method: "chat.postMessage", Error: "invalid_blocks"}}, 2},
		"too long":      {[]slacktest.Fault{{Method: "chat.postMessage", Error: "msg_too_long"}}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, f := range tt.faults {
				w.server.Fault(f)
			}
			if err := w.slack.Show(t.Context(), w.talk.answer(asked, huge())); err != nil {
				t.Fatal(err)
			}
			w.eventually("the message", func() bool { return len(w.server.Messages("C1")) == 1 })
			tries := 0
			for _, call := range w.server.Calls() {
				if call == "chat.postMessage" {
					tries++
				}
			}
			if tries != tt.tries {
				t.Errorf("it took %d tries, want %d", tries, tt.tries)
			}
			if v := w.server.Messages("C1")[0].Current(); len(v.Buttons()) == 0 || !strings.Contains(v.Reads(), "é") {
				t.Errorf("it has %d buttons and reads %.50q", len(v.Buttons()), v.Reads())
			}
		})
	}
}
