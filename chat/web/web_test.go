package web_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rtbot/chat"
	"rtbot/chat/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is far ahead, because the server reckons its deadlines from it: none of them comes while a test runs.
var noon = time.Date(2126, 11, 24, 12, 0, 0, 0, time.UTC)

var (
	room        = chat.Room{Platform: "web", ID: "lab"}
	errUnknown  = errors.New("no such message")
	errTornDown = errors.New("the disk is gone")
)

// talk is a conversation that keeps its messages.
type talk struct {
	// entered and release, where they are set, hold Receive up in between.
	entered, release chan struct{}
	// operation is what every received line asks for.
	operation string

	mu       sync.Mutex
	broken   error // what every method returns
	messages []chat.Message
	received []chat.Request
}

func (k *talk) Receive(ctx context.Context, req chat.Request) (chat.Receipt, error) {
	if k.entered != nil {
		close(k.entered)
		<-k.release
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := errors.Join(k.broken, ctx.Err()); err != nil {
		return chat.Receipt{}, err
	}
	for i, known := range k.received {
		if known.Key == req.Key {
			return chat.Receipt{Delivery: "d" + strconv.Itoa(i+1), Operation: k.operation, Repeat: true}, nil
		}
	}
	k.received = append(k.received, req)
	return chat.Receipt{Delivery: "d" + strconv.Itoa(len(k.received)), Operation: k.operation}, nil
}

func (k *talk) Messages(_ context.Context, in chat.Room, n int) ([]chat.Message, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var found []chat.Message
	for _, m := range k.messages {
		if m.Request.Room == in {
			found = append(found, m)
		}
	}
	return found[max(0, len(found)-n):], k.broken
}

func (k *talk) Message(_ context.Context, delivery string) (chat.Message, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range k.messages {
		if m.Delivery == delivery {
			return m, k.broken
		}
	}
	return chat.Message{}, errors.Join(errUnknown, k.broken)
}

// Form offers two verbs and an app.
func (k *talk) Form(context.Context, chat.Request) (chat.Form, bool) {
	return chat.Form{Title: "Ask <the> bot", Submit: "Send it", Fields: []chat.Field{
		{Name: "verb", Label: "Command", Kind: chat.FieldChoice, Required: true, Options: []chat.Option{
			{Value: "status", Label: "status [app]", Hint: "shows the apps"}, {Value: "scale", Label: "scale <app> <replicas>", Hint: "sets how many pods an app has"},
		}},
		{Name: "app", Label: "App", Kind: chat.FieldChoice, Hint: "Leave it empty where the command names no app.", Options: []chat.Option{{Value: "gitea", Label: "gitea"}}},
		{Name: "value", Label: "Value", Kind: chat.FieldText, Hint: "Needed for: scale <replicas>", Example: "2"},
	}}, true
}

// Line takes what has a verb.
func (k *talk) Line(_ chat.Request, filled chat.Filled) (string, chat.Mistakes) {
	v := filled.Values
	if v["value"] == "two" {
		return "", chat.Mistakes{"value": "<two> is not a number"}
	}
	return v["verb"] + " " + v["app"] + " " + v["value"], nil
}

// store keeps a message, in the place of its older version.
func (k *talk) store(m chat.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, old := range k.messages {
		if old.Delivery == m.Delivery {
			k.messages[i] = m
			return
		}
	}
	k.messages = append(k.messages, m)
}

func (k *talk) tearDown() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = errTornDown
}

func (k *talk) heard() []chat.Request {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.received
}

// words says each key in brackets, and knows French if that is asked for before English.
func words(languages ...string) (string, func(string) string) {
	for _, tag := range languages {
		switch base, _, _ := strings.Cut(tag, "-"); base {
		case "fr":
			return "fr", func(key string) string { return "[fr " + key + "]" }
		case "en":
			return "en", func(key string) string { return "[" + key + "]" }
		}
	}
	return "en", func(key string) string { return "[" + key + "]" }
}

// site is a server that answers on this machine, and a client of it.
type site struct {
	*web.Server
	host   string // 127.0.0.1 and the port
	port   int
	client *http.Client
	log    *logged
	// stop tells the server to end, and ended gives what Serve returned.
	stop  context.CancelFunc
	ended chan error
}

// logged is what the server wrote in its log.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// build makes a server that does not listen yet.
func build(t *testing.T, k *talk, alter func(*web.Config)) (*web.Server, *logged) {
	t.Helper()
	c := web.Config{
		Listen: "127.0.0.1:0", Room: room.ID, NotFound: errUnknown, Now: func() time.Time { return noon },
		Examples: []string{"/rt status gitea", "/rt scale gitea 2"}, Names: []string{"ada", "grace"},
	}
	if alter != nil {
		alter(&c)
	}
	log := &logged{}
	s, err := web.New(c, k, words, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.SetBeats(time.Hour, time.Hour)
	return s, log
}

// open makes a server and lets it serve until the test ends.
func open(t *testing.T, k *talk, alter func(*web.Config)) *site {
	t.Helper()
	s, log := build(t, k, alter)
	return start(t, s, log)
}

func start(t *testing.T, s *web.Server, log *logged) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	at := &site{
		Server: s, host: l.Addr().String(), port: l.Addr().(*net.TCPAddr).Port, log: log, stop: stop, ended: make(chan error, 1),
		client: &http.Client{
			Transport:     &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		at.ended <- s.Serve(ctx, l)
	}()
	t.Cleanup(func() {
		at.client.CloseIdleConnections()
		stop()
		<-done
	})
	return at
}

// ask sends a request, which hangs up with the test or when it takes far too long.
func (at *site) ask(t *testing.T, method, path, body string, header http.Header) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, "http://"+at.host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	answer, err := at.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// read gives the status and the body of a page or a part of it.
func (at *site) read(t *testing.T, path string, header http.Header) (int, string) {
	t.Helper()
	answer := at.ask(t, http.MethodGet, path, "", header)
	return answer.StatusCode, all(t, answer)
}

func all(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// with makes a header of names and values.
func with(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// golden compares with what was found good before.
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
