package slack_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rtbot/chat/chattest"
	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
)

func TestSlackKeepsEveryPromiseOfAPlatform(t *testing.T) {
	t.Parallel()
	chattest.Run(t, harness)
}

// harness is Slack with a workspace of its own.
func harness(t *testing.T) chattest.Harness {
	t.Helper()
	w := &world{t: t, server: slacktest.New()}
	w.server.AddUser(slacktest.User{ID: "U1", Name: "alice", Locale: "fr-FR"})
	w.server.AddChannel("C1")
	listener := httptest.NewServer(w.server)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	log := &logged{}
	say := func(s slacktest.Say) (again func()) {
		again = func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := w.server.Deliver(ctx, s); err != nil {
				t.Log(err)
			}
		}
		again()
		return again
	}
	return chattest.Harness{
		Start: func(t *testing.T, bot *chattest.Bot) (chattest.Platform, func()) {
			t.Helper()
			return w.begin(t, bot, log)
		},
		Say: func(_ *testing.T, line string, at chattest.Place) func() {
			if at == chattest.Thread {
				return say(w.server.Mention("U1", "C1", "1700000000.000001", line))
			}
			return say(w.server.Command("U1", "C1", line))
		},
		Press: func(_ *testing.T, m chattest.Message, command string) {
			for _, posted := range w.posted() {
				for label, value := range posted.Current().Buttons() {
					if posted.TS == m.ID && value == command {
						say(w.server.Press("U1", posted, label))
					}
				}
			}
		},
		Read: func(*testing.T) []chattest.Message { return w.read() },
		Cut: func(*testing.T) {
			w.server.CutOff()
			w.eventually("connections again", func() bool { return w.server.Connections() == 2 })
		},
		Fail: func(*testing.T) {
			w.server.Fault(slacktest.Fault{Method: "chat.postMessage", Error: "internal_error"})
			w.server.Fault(slacktest.Fault{Method: "chat.update", Error: "internal_error"})
		},
		Log: log.String, Secrets: []string{slacktest.AppToken, slacktest.BotToken}, Language: "fr-FR",
	}
}

// keys says the key of a sentence in its place.
func keys(...string) func(string) string { return func(key string) string { return key } }

// begin runs the chat on a bot and returns it, connected, with what ends it.
func (w *world) begin(t *testing.T, bot *chattest.Bot, log *logged) (chattest.Platform, func()) {
	t.Helper()
	s := slack.New(slack.Config{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, APIURL: w.url + "/api", Now: time.Now, Words: keys},
		bot, slog.New(slog.NewTextHandler(log, nil)))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.eventually("two connections", func() bool { return w.server.Connections() == 2 })
	return s, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.eventually("no connection", func() bool { return w.server.Connections() == 0 })
	})
}

// posted are the messages in the channel and those to alice alone.
func (w *world) posted() []slacktest.Message {
	all := append(w.server.Messages("C1"), w.server.Messages("U1")...)
	slices.SortFunc(all, func(a, b slacktest.Message) int { return cmp.Compare(a.TS, b.TS) })
	return all
}

func (w *world) read() []chattest.Message {
	var all []chattest.Message
	for _, posted := range w.posted() {
		m := chattest.Message{ID: posted.TS, Place: chattest.Room, Private: posted.Channel != "C1"}
		if posted.Thread != "" {
			m.Place = chattest.Thread
		}
		for _, v := range posted.Versions {
			m.Versions = append(m.Versions, shownBy(v))
		}
		all = append(all, m)
	}
	return all
}

// marked is what Slack reads in a text as markup: a mention, a link, a channel.
var marked = regexp.MustCompile(`<([!@#]?)([^<>]*)>`)

// shownBy reads a version as Slack's clients show it. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func shownBy(v slacktest.Version) chattest.Version {
	var blocks any
	var out chattest.Version
	if err := json.Unmarshal(v.Blocks, &blocks); err != nil {
		blocks = nil
	}
	read(&out, map[string]any{"type": "mrkdwn", "text": v.Text}) // what a notification says
	out.Text = ""                                                // and is not read in the channel
	read(&out, blocks)
	return out
}

func read(out *chattest.Version, v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			read(out, e)
		}
	case map[string]any:
		element(out, v)
	}
}

func element(out *chattest.Version, e map[string]any) {
	text, _ := e["text"].(string)
	switch e["type"] {
	case "text", "plain_text":
		out.Text += text
	case "link":
		out.Text += text
		out.Links = append(out.Links, fmt.Sprint(e["url"]))
	case "user", "usergroup", "channel", "broadcast":
		out.Rings = append(out.Rings, fmt.Sprint(e))
	case "mrkdwn":
		for _, m := range marked.FindAllStringSubmatch(text, -1) {
			if m[1] == "" {
				out.Links = append(out.Links, m[2])
				continue
			}
			out.Rings = append(out.Rings, m[0])
		}
		out.Text += text
	case "button":
		out.Buttons = append(out.Buttons, fmt.Sprint(e["value"]))
		read(out, e["text"])
	default:
		read(out, e["text"])
		read(out, e["elements"])
	}
	if kind := e["type"]; kind != "text" && kind != "link" {
		out.Text += "\n"
	}
}

// logged is what was written to a log.
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
	return strings.ToValidUTF8(l.text.String(), "")
}
