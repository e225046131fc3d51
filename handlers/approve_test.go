package handlers_test

import (
	"path/filepath"
	"testing"

	"rtbot/chat"
	"rtbot/handlers"
	"rtbot/handlers/change"
)

// fakeDecider counts what was decided.
type fakeDecider struct{ decided []change.Decision }

func (f *fakeDecider) Decide(_ string, d change.Decision) error {
	f.decided = append(f.decided, d)
	return nil
}

// Whoever asked can take it back and nothing else, from whichever account; whoever did not ask can do the other things.
func TestWhoMayDecide(t *testing.T) {
	decider := &fakeDecider{}
	platform := &fakePlatform{cards: map[string]chat.Card{}, final: make(chan chat.Card, 100)}
	b := startWith(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{}, platform, func(c *handlers.Config) {
		c.Commands = append(c.Commands, handlers.Approve(decider, c.Journal), handlers.Refuse(decider, c.Journal),
			handlers.Cancel(decider, c.Journal), handlers.Confirm(decider, c.Journal))
		c.Team = handlers.NewTeam(handlers.People{Known: []handlers.Person{
			{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"web": "alice", "slack": "U1"}},
			{Name: "dave", Role: handlers.Admin, Accounts: map[string]string{"web": "dave"}},
			{Name: "bob", Role: handlers.Operator, Accounts: map[string]string{"web": "bob"}},
		}})
	})
	op := b.receive(t, "k", "alice", "/rt scale gitea 0").Operation
	<-platform.final
	tests := []struct {
		user    chat.User
		verb    string
		decides bool
	}{
		{chat.User{Platform: "web", ID: "alice"}, "approve", false},
		{chat.User{Platform: "slack", ID: "U1"}, "approve", false},
		{chat.User{Platform: "web", ID: "bob"}, "approve", false},
		{chat.User{Platform: "web", ID: "bob"}, "cancel", false},
		{chat.User{Platform: "web", ID: "dave"}, "cancel", false},
		{chat.User{Platform: "web", ID: "dave"}, "confirm", false},
		{chat.User{Platform: "web", ID: "dave"}, "approve", true},
		{chat.User{Platform: "web", ID: "dave"}, "refuse", true},
		{chat.User{Platform: "web", ID: "alice"}, "refuse", true},
		{chat.User{Platform: "web", ID: "alice"}, "confirm", true},
		{chat.User{Platform: "slack", ID: "U1"}, "cancel", true},
	}
	for _, tt := range tests {
		before := len(decider.decided)
		r, err := b.router.Receive(t.Context(), chat.Request{
			Key: tt.user.ID + tt.verb, Room: chat.Room{Platform: tt.user.Platform, ID: "room"}, User: tt.user, Text: "/rt " + tt.verb + " " + op,
		})
		if err != nil {
			t.Fatal(err)
		}
		card := b.stored(t, r)
		if decided := len(decider.decided) > before; decided != tt.decides || (card.State == chat.Refused) == tt.decides {
			t.Errorf("%s %ss: got %s %q, decided %v", tt.user.ID, tt.verb, card.State, card.Title, decided)
		}
	}
}
