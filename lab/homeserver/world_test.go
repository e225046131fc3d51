package homeserver_test

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"rtbot/chat"
	"rtbot/chat/matrix"
	"rtbot/journal"
	"rtbot/lab/homeserver"
)

// desk stands in for the router: it keeps what was asked and where answers stand, and outlives the chat.
type desk struct {
	mu       sync.Mutex
	cursor   string
	asked    []chat.Request
	messages map[string]chat.Message
	arrived  chan chat.Request
}

func newDesk() *desk {
	return &desk{messages: map[string]chat.Message{}, arrived: make(chan chat.Request, 100)}
}

func (d *desk) ReceiveBatch(_ context.Context, b chat.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cursor = b.Cursor
	for _, r := range b.Requests {
		known := false
		for _, a := range d.asked {
			known = known || a.Key == r.Key
		}
		if known {
			continue
		}
		d.asked = append(d.asked, r)
		d.arrived <- r
	}
	return nil
}

func (d *desk) Cursor(context.Context, string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cursor, nil
}

func (d *desk) Message(_ context.Context, delivery string) (chat.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.messages[delivery], nil
}

func (d *desk) Unshown(context.Context, string) ([]chat.Message, error) { return nil, nil }

func (d *desk) Posted(_ context.Context, delivery, ref string, _ int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.messages[delivery]
	m.Ref = ref
	d.messages[delivery] = m
	return nil
}

// answer is the next version of the answer to a request.
func (d *desk) answer(req chat.Request, delivery string, c chat.Card) chat.Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.messages[delivery]
	m.Delivery, m.Request, m.Card, m.Version = delivery, req, c, m.Version+1
	d.messages[delivery] = m
	return m
}

const password = "correct horse battery staple"

// world is a homeserver with a team on it.
type world struct {
	t       *testing.T
	server  *homeserver.Server
	people  map[string]*homeserver.Person
	journal *journal.Journal
	desk    *desk
	chat    *matrix.Matrix
	rooms   []string
	// api is where the bot finds the homeserver; the homeserver's own address where it is empty.
	api string
	// fatal is the account whose invitation makes the bot panic.
	fatal string
}

func newWorld(t *testing.T, names ...string) *world {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", "dendrite"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("there is no bin/dendrite: make homeserver builds it")
	}
	w := &world{t: t, people: map[string]*homeserver.Person{}, desk: newDesk()}
	if w.server, err = homeserver.Start(t.Context(), path, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Stop() })
	if err := w.server.Register(t.Context(), "rt", password); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := w.server.Register(t.Context(), name, password); err != nil {
			t.Fatal(err)
		}
		w.people[name] = w.signIn(name)
	}
	w.journal, err = journal.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "rt.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.journal.Close() })
	return w
}

// signIn gives somebody a new device.
func (w *world) signIn(name string) *homeserver.Person {
	w.t.Helper()
	p, err := w.server.SignIn(w.t.Context(), name, password, filepath.Join(w.t.TempDir(), "keys.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Leave)
	return p
}

// start runs the bot's chat until the returned function is called.
func (w *world) start() (stop func()) {
	w.t.Helper()
	w.chat = matrix.New(matrix.Config{
		Homeserver: cmp.Or(w.api, w.server.URL), User: "@rt:localhost", Password: func() (string, error) { return password, nil }, Rooms: w.rooms,
		Known: func(account string) bool {
			return w.people[strings.TrimSuffix(strings.TrimPrefix(account, "@"), ":localhost")] != nil && account != "@mallory:localhost"
		},
		Database: w.journal.DB(), Key: []byte("0123456789abcdef0123456789abcdef"), Notes: w.journal,
		Say: func(key string) string { return key }, Now: time.Now,
	}, w.desk, slog.New(slog.NewTextHandler(w.t.Output(), nil)))
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.chat.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// room makes a room of the team's and waits until the bot is in it.
func (w *world) room(encrypted bool, by string, others ...string) id.RoomID {
	w.t.Helper()
	var with []*homeserver.Person
	for _, name := range others {
		with = append(with, w.people[name])
	}
	room, err := w.people[by].Room(w.t.Context(), encrypted, with...)
	if err != nil {
		w.t.Fatal(err)
	}
	return room
}

func (w *world) invite(room id.RoomID, by string) {
	w.t.Helper()
	if err := w.people[by].InviteBot(w.t.Context(), room, "@rt:localhost"); err != nil {
		w.t.Fatal(err)
	}
}

// say says a line, and returns its event.
func (w *world) say(room id.RoomID, who, line string) id.EventID {
	w.t.Helper()
	e, err := w.people[who].Say(w.t.Context(), room, line)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// next is the next request that arrives.
func (w *world) next() chat.Request {
	w.t.Helper()
	select {
	case r := <-w.desk.arrived:
		return r
	case <-time.After(20 * time.Second):
		w.t.Fatal("nothing was asked within 20s")
	}
	return chat.Request{}
}

// reads waits until a thread has one message that has this in it.
func (w *world) reads(who string, thread id.EventID, text string) homeserver.Message {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		found := w.people[who].Thread(thread)
		if len(found) == 1 && strings.Contains(found[0].Now().Body, text) {
			return found[0]
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s reads %+v, want %q", who, found, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
