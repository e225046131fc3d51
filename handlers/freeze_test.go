package handlers_test

import (
	"strings"
	"testing"

	"rtbot/chat"
)

// Whoever froze cannot unfreeze where there is another admin; here alice is the only one.
func TestFreezeAndUnfreeze(t *testing.T) {
	b := fresh(t)
	steps := []struct {
		who   string
		line  string
		state chat.State
		says  string
	}{
		{"alice", "/rt unfreeze", chat.Already, "Changes are not stopped."},
		{"carol", "/rt freeze the fair opens", chat.Refused, "Your role only reads."},
		{"bob", "/rt freeze", chat.Misunderstood, "Why?"},
		{"bob", "/rt freeze the <!channel> fair", chat.Done, "All changes are stopped: the <!channel> fair"},
		{"bob", "/rt unfreeze", chat.Refused, "Only an admin can do this."},
		{"alice", "/rt unfreeze", chat.Done, "Changes go through again."},
		{"alice", "/rt freeze alone", chat.Done, "All changes are stopped: alone"},
		{"alice", "/rt unfreeze", chat.Done, "Changes go through again."},
	}
	for _, s := range steps {
		if card := b.ask(t, s.who, s.line); card.State != s.state || !strings.Contains(card.Title, s.says) {
			t.Errorf("%s %q: got %s %q, want %s %q", s.who, s.line, card.State, card.Title, s.state, s.says)
		}
	}
}
