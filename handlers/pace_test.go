package handlers_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rtbot/chat"
	"rtbot/handlers"
)

// clock is a time that a test moves.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()) }

func (c *clock) pass(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// measured is a bot that holds everybody to a pace, by a clock that the test moves. alice has two accounts.
func measured(t *testing.T, pace handlers.Pace) (*bot, *clock) {
	t.Helper()
	now := &clock{}
	now.ms.Store(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixMilli())
	platform := &fakePlatform{cards: map[string]chat.Card{}, final: make(chan chat.Card, 100)}
	return startWith(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{}, platform, func(c *handlers.Config) {
		c.Meter, c.Now = handlers.NewMeter(pace), now.now
		c.Team = handlers.NewTeam(handlers.People{Known: []handlers.Person{
			{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"web": "alice", "slack": "U1"}},
			{Name: "bob", Role: handlers.Operator, Accounts: map[string]string{"web": "bob"}},
		}})
	}), now
}

// stored waits until the journal has the final card of a delivery, whether it was shown or not.
func (b *bot) stored(t *testing.T, r chat.Receipt) chat.Card {
	t.Helper()
	for {
		m, err := b.router.Message(t.Context(), r.Delivery)
		if err != nil {
			t.Fatal(err)
		}
		if m.Card.State.Final() {
			return m.Card
		}
	}
}

func TestNobodyAsksWithoutEnd(t *testing.T) {
	b, now := measured(t, handlers.Pace{Requests: 30, Changes: 6})
	for i := range 10 {
		if card := b.ask(t, "alice", "/rt ops"); card.State != chat.Answered {
			t.Fatalf("question %d: got %s %q", i, card.State, card.Title)
		}
	}
	if card := b.ask(t, "alice", "/rt ops"); card.State != chat.Refused || !strings.Contains(card.Title, "Wait 10 seconds") {
		t.Errorf("the eleventh: got %s %q", card.State, card.Title)
	}
	now.pass(9 * time.Second)
	if card := b.stored(t, b.receive(t, "silent", "alice", "/rt ops")); card.State != chat.Refused || !strings.Contains(card.Title, "Wait 1 seconds") {
		t.Errorf("while it has to wait: got %s %q", card.State, card.Title)
	}
	if n := len(b.platform.final); n != 0 {
		t.Error("a flood was answered twice")
	}
	if card := b.ask(t, "bob", "/rt ops"); card.State != chat.Answered {
		t.Errorf("somebody else: got %s %q", card.State, card.Title)
	}
	now.pass(2 * time.Second)
	if card := b.ask(t, "alice", "/rt ops"); card.State != chat.Answered {
		t.Errorf("after waiting: got %s %q", card.State, card.Title)
	}
	if late, err := b.journal.Unshown(t.Context(), "web", time.Time{}); err != nil || len(late) == 0 {
		t.Errorf("what the platform could not show is forgotten, error %v", err)
	} else if last := late[len(late)-1]; strings.Contains(string(last.Card), "Wait 1 seconds") {
		t.Error("the silent refusal is shown at the next start")
	}
}

// The changes of a person are counted over all accounts, and questions go on.
func TestNobodyChangesWithoutEnd(t *testing.T) {
	b, now := measured(t, handlers.Pace{Requests: 30, Changes: 2})
	slack := chat.Request{Key: "s", Room: chat.Room{Platform: "slack", ID: "C1"}, User: chat.User{Platform: "slack", ID: "U1"}, Text: "/rt scale gitea 2"}
	r, err := b.router.Receive(t.Context(), slack)
	if err != nil {
		t.Fatal(err)
	}
	b.stored(t, r)
	b.ask(t, "alice", "/rt scale gitea 3")
	card := b.ask(t, "alice", "/rt scale gitea 4")
	if card.State != chat.Refused || card.Operation != "" || !strings.Contains(card.Title, "more changes") || len(b.engine.runs) != 2 {
		t.Errorf("got %s %q and %d changes", card.State, card.Title, len(b.engine.runs))
	}
	if card := b.ask(t, "alice", "/rt ops"); card.State != chat.Answered {
		t.Errorf("a question: got %s %q", card.State, card.Title)
	}
	now.pass(30 * time.Second)
	if card := b.ask(t, "alice", "/rt scale gitea 5"); card.State != chat.Done {
		t.Errorf("after waiting: got %s %q", card.State, card.Title)
	}
}

func TestARedeliveryCostsNothing(t *testing.T) {
	b, now := measured(t, handlers.Pace{Requests: 3, Changes: 1})
	b.receive(t, "same", "alice", "/rt ops")
	<-b.platform.final
	for range 20 {
		b.receive(t, "same", "alice", "/rt ops")
	}
	now.pass(20 * time.Second)
	if card := b.ask(t, "alice", "/rt ops"); card.State != chat.Answered {
		t.Errorf("got %s %q", card.State, card.Title)
	}
}

// A thousand questions of one person that hang keep nobody else waiting.
func TestOneNoisyPersonDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	var mu sync.Mutex
	under, most := 0, 0
	slow := handlers.Command{Verb: "slow", Summary: "help.ops", Role: handlers.Viewer, Parse: func([]string) (handlers.Action, error) {
		return handlers.Action{Request: "slow", Answer: func(context.Context, handlers.Ask) (chat.Card, error) {
			mu.Lock()
			under++
			most = max(most, under)
			mu.Unlock()
			<-release
			mu.Lock()
			under--
			mu.Unlock()
			return chat.Card{State: chat.Answered, Title: "at last"}, nil
		}}, nil
	}}
	platform := &fakePlatform{cards: map[string]chat.Card{}, final: make(chan chat.Card, 2000)}
	b := startWith(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{}, platform, func(c *handlers.Config) { c.Commands = append(c.Commands, slow) })
	const noise = 300
	for i := range noise {
		b.receive(t, fmt.Sprintf("n%d", i), "carol", "/rt slow")
	}
	for range 5 {
		if card := b.ask(t, "bob", "/rt ops"); card.State != chat.Answered || card.Title == "at last" {
			t.Errorf("got %s %q", card.State, card.Title)
		}
	}
	close(release)
	for range noise {
		<-platform.final
	}
	if most > 4 {
		t.Errorf("%d questions of one person were answered at a time", most)
	}
}
