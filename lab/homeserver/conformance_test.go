package homeserver_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
	"rtbot/chat/chattest"
	"rtbot/chat/matrix"
)

// reading is a conversation that is read from a position on.
type reading struct {
	*chattest.Bot

	mu     sync.Mutex
	cursor string
}

func (r *reading) ReceiveBatch(ctx context.Context, b chat.Batch) error {
	for _, req := range b.Requests {
		if _, err := r.Receive(ctx, req); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor = b.Cursor
	return nil
}

func (r *reading) Cursor(context.Context, string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor, nil
}

// booked is a log that can be read while it is written.
type booked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *booked) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *booked) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// stage is a team with a homeserver of its own, and a way to it that can be cut.
type stage struct {
	*world
	room    id.RoomID
	fail    atomic.Bool
	way     *httptest.Server
	log     *booked
	reading *reading
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{world: newWorld(t, "alice", "bob"), log: &booked{}}
	s.room = s.world.room(false, "alice", "bob")
	target, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(target)
	through.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.way = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/send/") && s.fail.CompareAndSwap(true, false) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.way.CloseClientConnections()
		s.way.Close()
	})
	return s
}

// start runs the bot's chat as a new process does.
func (s *stage) start(t *testing.T, bot *chattest.Bot) (chattest.Platform, func()) {
	t.Helper()
	fresh := s.reading == nil
	if fresh {
		s.reading = &reading{Bot: bot}
	}
	m := matrix.New(matrix.Config{
		Homeserver: s.way.URL, User: "@rt:localhost", Password: func() (string, error) { return password, nil }, Rooms: []string{s.room.String()},
		Known: func(string) bool { return true }, Database: s.journal.DB(), Key: []byte("0123456789abcdef0123456789abcdef"),
		Notes: s.journal, Language: "en", Say: func(key string) string { return key }, Now: time.Now,
	}, s.reading, slog.New(slog.NewTextHandler(s.log, nil)))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	if fresh {
		s.invite(s.room, "alice")
	}
	return m, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// say delivers a line. A homeserver delivers again what was not read up to; a client that sends the same transaction again
// sends the same event.
func (s *stage) say(t *testing.T, line string, at chattest.Place) func() {
	t.Helper()
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: "!rt " + line}
	if at == chattest.Thread {
		root, err := s.people["bob"].Say(t.Context(), s.room, "about gitea")
		if err != nil {
			t.Fatal(err)
		}
		content.RelatesTo = &event.RelatesTo{Type: event.RelThread, EventID: root}
	}
	send := func() {
		t.Helper()
		if _, err := s.people["bob"].SendOnce(t.Context(), s.room, content, line); err != nil {
			t.Fatal(err)
		}
	}
	send()
	return send
}

var (
	tagged   = regexp.MustCompile(`<br>|</?p>|</?pre>`)
	anyTag   = regexp.MustCompile(`<[^>]*>`)
	link     = regexp.MustCompile(`<a href="([^"]*)">`)
	typeable = regexp.MustCompile(`→ <code>!rt ([^<]*)</code>`)
)

// read gives the bot's messages as bob's client shows them.
func (s *stage) read(*testing.T) []chattest.Message {
	var found []chattest.Message
	for _, m := range s.people["bob"].Heard("") {
		if m.Sender != "@rt:localhost" {
			continue
		}
		shown := chattest.Message{ID: m.ID.String(), Place: chattest.Room, Private: m.Room != s.room}
		if m.Thread != "" {
			shown.Place = chattest.Thread
		}
		for _, v := range m.Versions {
			shown.Versions = append(shown.Versions, version(v))
		}
		found = append(found, shown)
	}
	return found
}

func version(c *event.MessageEventContent) chattest.Version {
	text := c.FormattedBody
	if text == "" {
		text = html.EscapeString(c.Body)
	}
	v := chattest.Version{Text: html.UnescapeString(anyTag.ReplaceAllString(tagged.ReplaceAllString(text, "\n"), ""))}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		v.Links = append(v.Links, html.UnescapeString(m[1]))
	}
	for _, m := range typeable.FindAllStringSubmatch(text, -1) {
		v.Buttons = append(v.Buttons, html.UnescapeString(m[1]))
	}
	if c.Mentions == nil {
		v.Rings = append(v.Rings, "whom the body names")
	} else {
		for _, u := range c.Mentions.UserIDs {
			v.Rings = append(v.Rings, u.String())
		}
	}
	return v
}

func TestConformance(t *testing.T) {
	t.Parallel()
	chattest.Run(t, func(t *testing.T) chattest.Harness {
		t.Helper()
		s := newStage(t)
		return chattest.Harness{
			Start: s.start, Say: s.say, Read: s.read, Log: s.log.String, Secrets: []string{password}, Language: "en",
			Press: func(t *testing.T, _ chattest.Message, command string) {
				t.Helper()
				s.say(t, command, chattest.Room)
			},
			Cut:  func(*testing.T) { s.way.CloseClientConnections() },
			Fail: func(*testing.T) { s.fail.Store(true) },
		}
	})
}
