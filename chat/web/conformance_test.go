package web_test

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rtbot/chat/chattest"
	"rtbot/chat/web"
)

func TestTheWebChatKeepsEveryPromiseOfAPlatform(t *testing.T) {
	t.Parallel()
	chattest.Run(t, harness)
}

// harness is the web chat with one browser that has the page open.
func harness(t *testing.T) chattest.Harness {
	t.Helper()
	b := &browser{t: t, log: &logged{}}
	b.client = &http.Client{Transport: &http.Transport{DialContext: b.dial}}
	said := 0
	say := func(field, line string) (again func()) {
		said++
		key := "k" + strconv.Itoa(said)
		again = func() { b.post(field, line, key) }
		again()
		return again
	}
	return chattest.Harness{
		Start: b.start,
		Say:   func(_ *testing.T, line string, _ chattest.Place) func() { return say("line", line) },
		Press: func(_ *testing.T, _ chattest.Message, command string) { say("press", command) },
		Read:  func(*testing.T) []chattest.Message { return b.read() },
		Cut:   func(*testing.T) { b.cut() },
		Log:   b.log.String, Language: "fr-FR",
		Lacks: map[chattest.Ability]string{
			chattest.Threads: "the page is one room",
			chattest.Private: "everybody on this machine reads the same page",
			chattest.Posts:   "nothing is posted: readers come and ask",
		},
	}
}

// browser has the page open: it follows the stream of events, and comes back when that ends.
type browser struct {
	t      *testing.T
	log    *logged
	client *http.Client

	mu       sync.Mutex
	base     string
	conns    []net.Conn
	messages []chattest.Message
}

// start serves the page as a new process does, on a port of its own.
func (b *browser) start(t *testing.T, bot *chattest.Bot) (chattest.Platform, func()) {
	t.Helper()
	s, err := web.New(web.Config{Listen: "127.0.0.1:0", Trust: web.TrustNames, Room: "web", NotFound: chattest.ErrNotFound, Now: time.Now},
		bot, words, slog.New(slog.NewTextHandler(b.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.base = "http://" + l.Addr().String()
	b.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() { b.follow(ctx) })
	return s, sync.OnceFunc(func() {
		cancel()
		running.Wait()
		b.client.CloseIdleConnections()
	})
}

func (b *browser) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns = append(b.conns, c)
	return c, err
}

// cut ends every connection to the server.
func (b *browser) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		if c != nil {
			_ = c.Close()
		}
	}
	b.conns = nil
}

func (b *browser) address(path string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.base + path
}

// post says a line as the page's form does. A line that is not taken is said again by whoever said it.
func (b *browser) post(field, line, key string) {
	form := strings.NewReader(field + "=" + strings.ReplaceAll(line, " ", "+") + "&as=alice&key=" + key)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.address("/say"), form)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = with("Content-Type", formType, "Origin", b.address(""), "Accept-Language", "fr-FR,fr;q=0.9,en;q=0.5")
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Log(err)
		return
	}
	_ = resp.Body.Close()
}

func (b *browser) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.stream(ctx); err != nil && ctx.Err() == nil {
			b.t.Log(err)
		}
	}
}

// stream reads the page's events until they end.
func (b *browser) stream(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.address("/events"), nil)
	if err != nil {
		return err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	var event string
	var data strings.Builder
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			event = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			data.WriteString(strings.TrimPrefix(line, "data: ") + "\n")
		case line == "":
			if event == "card" {
				b.put(data.String())
			}
			event = ""
			data.Reset()
		}
	}
	return lines.Err()
}

// put puts a message in the place of its older version, as the page's script does.
func (b *browser) put(html string) {
	m, err := parse(html)
	if err != nil {
		b.t.Errorf("the message cannot be read: %v\n%.2000s", err, html)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.messages, func(known chattest.Message) bool { return known.ID == m.ID })
	switch {
	case len(m.Versions) == 0: // it has no answer yet
	case i < 0:
		b.messages = append(b.messages, m)
	default:
		b.messages[i].Versions = append(b.messages[i].Versions, m.Versions...)
	}
}

func (b *browser) read() []chattest.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// parse reads a message as a browser shows it: what stands in its card. An element that the page does not have was made by
// somebody's text.
func parse(html string) (chattest.Message, error) {
	m := chattest.Message{Place: chattest.Room}
	var v chattest.Version
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict = false
	inCard, answered := 0, false
	var text strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if v.Text = text.String(); answered {
				m.Versions = []chattest.Version{v}
			}
			return m, nil
		}
		if err != nil {
			return m, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			attribute := attributes(token)
			switch token.Name.Local {
			case "li":
				if strings.HasPrefix(attribute["id"], "m-") {
					m.ID, answered = attribute["id"], attribute["data-version"] != "0"
				}
			case "article":
				inCard++
			case "a":
				v.Links = append(v.Links, attribute["href"])
			case "button":
				v.Buttons = append(v.Buttons, attribute["value"])
			case "p", "span", "code", "time", "h3", "ol", "dl", "div", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "pre", "form":
			default:
				v.Rings = append(v.Rings, "<"+token.Name.Local+">")
			}
		case xml.EndElement:
			if token.Name.Local == "article" {
				inCard--
			}
		case xml.CharData:
			if inCard > 0 {
				text.Write(token)
			}
		}
	}
}

func attributes(e xml.StartElement) map[string]string {
	all := map[string]string{}
	for _, a := range e.Attr {
		all[a.Name.Local] = a.Value
	}
	return all
}
