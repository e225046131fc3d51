package slack_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rtbot/chat"
	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
)

// world is a workspace and the chat in it.
type world struct {
	t      *testing.T
	server *slacktest.Server
	url    string
	talk   *fakeTalk
	slack  *slack.Slack
	stop   func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, server: slacktest.New(), talk: newTalk()}
	w.server.AddUser(slacktest.User{ID: "U1", Name: "alice", Locale: "fr-FR"})
	w.server.AddUser(slacktest.User{ID: "U2", Name: "guest", Restricted: true})
	w.server.AddChannel("C1")
	listener := httptest.NewServer(w.server)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	w.start()
	return w
}

// start runs the chat, as a new process does, and waits until it is connected.
func (w *world) start() {
	w.t.Helper()
	w.slack = slack.New(slack.Config{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, APIURL: w.url + "/api", Words: words, Now: time.Now},
		w.talk, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.slack.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(w.stop)
	w.eventually("two connections", func() bool { return w.server.Connections() == 2 })
}

func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.t.Fatalf("%s: not within 20s", what)
		}
	}
}

func (w *world) deliver(s slacktest.Say) {
	w.t.Helper()
	if err := w.server.Deliver(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

// show shows a card and waits until the channel reads it.
func (w *world) show(m chat.Message) {
	w.t.Helper()
	if err := w.slack.Show(w.t.Context(), m); err != nil {
		w.t.Fatal(err)
	}
	w.eventually(m.Card.Title, func() bool {
		all := w.server.Messages("C1")
		return len(all) > 0 && strings.Contains(all[len(all)-1].Current().Reads(), m.Card.Title)
	})
}

var asked = chat.Request{Key: "k", Room: chat.Room{Platform: "slack", ID: "C1"}, User: chat.User{Platform: "slack", ID: "U1"}, Text: "/rt scale gitea 2"}

func card(state chat.State, title string) chat.Card { return chat.Card{State: state, Title: title} }

// words say the key itself, and the language behind it.
func words(languages ...string) func(key string) string {
	return func(key string) string { return strings.Join(append([]string{key}, languages...), " ") }
}

func TestMain(m *testing.M) {
	// The tests wait for Slack's limits, hardly ever for a processor: many can wait at once on few of those.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestWhatPeopleAskIsHandedOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.show(w.talk.answer(asked, chat.Card{State: chat.Waiting, Title: "which?", Buttons: []chat.Button{{Label: "Approve", Command: "approve k7f3q2mz"}}}))
	tests := []struct {
		name string
		say  slacktest.Say
		room string
		text string
	}{
		{"a slash command", w.server.Command("U1", "C1", "scale gitea 2"), "C1", "/rt scale gitea 2"},
		{"signs that Slack escapes", w.server.Command("U1", "C1", "scale <gitea> & 2"), "C1", "/rt scale <gitea> & 2"},
		{"a mention", w.server.Mention("U1", "C1", "", "scale gitea 2"), "C1", "/rt scale gitea 2"},
		{"a mention in a thread", w.server.Mention("U1", "C1", "1700000000.000100", "status"), "C1/1700000000.000100", "/rt status"},
		{"a button", w.server.Press("U1", w.server.Messages("C1")[0], "Approve"), "C1", "/rt approve k7f3q2mz"},
	}
	for _, tt := range tests {
		w.deliver(tt.say)
		got := <-w.talk.heard
		want := chat.Request{Key: got.Key, Room: chat.Room{Platform: "slack", ID: tt.room}, User: chat.User{Platform: "slack", ID: "U1", Name: got.User.Name}, Text: tt.text, Languages: []string{"fr-FR"}, At: got.At}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		w.deliver(tt.say)
		if n := len(w.talk.heard); n != 0 {
			t.Errorf("%s: delivered again, it is another request", tt.name)
		}
	}
}

func TestWhatIsNotStoredIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.talk.fail = errors.New("the disk is full")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.server.Deliver(ctx, w.server.Command("U1", "C1", "status")); err == nil {
		t.Error("it was acknowledged")
	}
}

func TestOneMessageIsEditedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.show(w.talk.answer(asked, card(chat.Working, "planning")))
	for i := range 20 { // what is overtaken is not sent
		if err := w.slack.Show(t.Context(), w.talk.answer(asked, card(chat.Working, fmt.Sprintf("step %d", i)))); err != nil {
			t.Fatal(err)
		}
	}
	w.show(w.talk.answer(asked, card(chat.Done, "gitea runs 2 of 2")))
	all := w.server.Messages("C1")
	if len(all) != 1 || len(all[0].Versions) > 3 {
		t.Errorf("got %d messages, the first with %d versions; want one with at most 3", len(all), len(all[0].Versions))
	}
}

func TestAnAnswerInAThreadStaysThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := asked
	req.Room.ID = "C1/1700000000.000100"
	w.show(w.talk.answer(req, card(chat.Answered, "4 apps")))
	if got := w.server.Messages("C1")[0].Thread; got != "1700000000.000100" {
		t.Errorf("got the thread %q", got)
	}
}

func TestWhereTheBotIsNoMemberItAnswersInPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.AddForeignChannel("C9")
	req := asked
	req.Room.ID = "C9"
	if err := w.slack.Show(t.Context(), w.talk.answer(req, card(chat.Answered, "4 apps"))); err != nil {
		t.Fatal(err)
	}
	w.eventually("an answer", func() bool { return len(w.server.Messages("U1")) == 1 })
}

// Whatever goes wrong with a call, the final card is shown, once.
func TestTheFinalCardIsShownWhateverHappens(t *testing.T) {
	t.Parallel()
	tests := map[string]slacktest.Fault{
		"too many calls":        {Method: "chat.update", RetryAfter: time.Second},
		"a bad moment":          {Method: "chat.update", Error: "internal_error"},
		"a lost answer":         {Method: "chat.update", Lost: true},
		"blocks that it hates":  {Method: "chat.update", Error: "invalid_blocks"},
		"too many first calls":  {Method: "chat.postMessage", RetryAfter: time.Second},
		"first blocks it hates": {Method: "chat.postMessage", Error: "invalid_blocks"},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.server.Fault(fault)
			w.show(w.talk.answer(asked, card(chat.Working, "planning")))
			w.show(w.talk.answer(asked, card(chat.Done, "gitea runs 2 of 2")))
			if n := len(w.server.Messages("C1")); n != 1 {
				t.Errorf("got %d messages, want one", n)
			}
		})
	}
}

// A process that is killed leaves a message; the next one goes on with it.
func TestAnotherProcessGoesOnWithTheSameMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.show(w.talk.answer(asked, card(chat.Working, "planning")))
	w.eventually("the message is remembered", func() bool { m, _ := w.talk.Message(t.Context(), "k"); return strings.HasPrefix(m.Ref, "C1:") })
	w.stop()
	w.talk.answer(asked, card(chat.Done, "gitea runs 2 of 2"))
	w.start()
	w.eventually("the final card", func() bool { return strings.Contains(w.server.Messages("C1")[0].Current().Reads(), "2 of 2") })
	if n := len(w.server.Messages("C1")); n != 1 {
		t.Errorf("got %d messages, want one", n)
	}
}

func TestNothingIsLostWhenConnectionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 60
	for i := range n {
		switch i % 20 {
		case 7:
			w.server.Refresh()
		case 3:
			w.server.Disconnect("warning")
		case 17:
			w.server.Disconnect("link_disabled")
		case 13:
			w.server.CutOff()
			w.eventually("connections again", func() bool { return w.server.Connections() == 2 })
		}
		say := w.server.Command("U1", "C1", fmt.Sprintf("status %d", i))
		w.eventually("it is acknowledged", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			return w.server.Deliver(ctx, say) == nil
		})
	}
	if got := len(w.talk.keys); got != n {
		t.Errorf("got %d requests, want %d", got, n)
	}
}

func TestWhoIsAFullMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.AddUser(slacktest.User{ID: "U3", Deleted: true})
	w.server.AddUser(slacktest.User{ID: "U4", Stranger: true})
	w.server.AddUser(slacktest.User{ID: "U5", Bot: true})
	w.server.AddUser(slacktest.User{ID: "U6", Guest: true})
	w.server.AddUser(slacktest.User{ID: "U7", Invited: true})
	for id, want := range map[string]error{"U1": nil, "U2": chat.ErrOutsider, "U3": chat.ErrOutsider, "U4": chat.ErrOutsider, "U5": chat.ErrOutsider, "U6": chat.ErrOutsider, "U7": chat.ErrOutsider} {
		if got := w.slack.Vouch(t.Context(), chat.User{Platform: "slack", ID: id}); !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
	if err := w.slack.Vouch(t.Context(), chat.User{Platform: "slack", ID: "U404"}); err == nil || errors.Is(err, chat.ErrOutsider) {
		t.Errorf("got %v for somebody that Slack does not know", err)
	}
	if n := len(slices.DeleteFunc(w.server.Calls(), func(c string) bool { return c != "users.info" })); n != 8 {
		t.Errorf("got %d calls, want one a person", n)
	}
}

func TestTheScopesAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Scopes = "chat:write,commands,channels:read,channels:history,files:write"
	got, err := w.slack.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := slack.Access{Team: "rt", Missing: []string{"users:read"}, TooMany: []string{"channels:read", "channels:history"}, Without: []string{"app_mentions:read"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
