package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"rtbot/chat"
	"rtbot/chat/web"
)

// every is a conversation with a card of every state and every part that a card can have.
func every() []chat.Message {
	at := time.Date(2026, 11, 24, 12, 0, 1, 0, time.UTC)
	states := []chat.State{
		chat.Working, chat.Waiting, chat.Done, chat.Already, chat.Answered, chat.Failed, chat.Refused, chat.Misunderstood,
	}
	moods := map[chat.State]chat.Mood{chat.Waiting: chat.Careful, chat.Done: chat.Good, chat.Failed: chat.Bad, chat.Refused: chat.Bad}
	var messages []chat.Message
	for i, state := range states {
		m := message(string(rune('1'+i)), 1, state)
		m.Card.Title = "gitea is " + string(state)
		if mood, ok := moods[state]; ok {
			m.Card.Mood = mood
		}
		messages = append(messages, m)
	}
	working, waiting, answered, failed := &messages[0].Card, &messages[1].Card, &messages[4].Card, &messages[5].Card
	working.Operation, working.Language = "k7f3q2mz", "fr"
	working.Steps = []chat.Step{
		{Label: "plan", State: chat.StepDone, At: at, Took: 123456 * time.Microsecond},
		{Label: "commit", State: chat.StepFailed, At: at, Note: "tried again"},
		{Label: "sync", State: chat.StepRunning},
		{Label: "verify", State: chat.StepPending},
	}
	waiting.Operation = "m2n4p6r8"
	waiting.Text = []string{"This stops gitea.", "Somebody else has to approve it."}
	waiting.Quotes = []chat.Quote{{
		Label: "Diff", Diff: true,
		Text: "--- a/gitea.yaml\n+++ b/gitea.yaml\n@@ -12 +12 @@\n spec:\n-  replicas: 1\r\n+  replicas: 0\n",
	}}
	waiting.Buttons = []chat.Button{{Label: "Approve", Command: "approve m2n4p6r8", Danger: true}, {Label: "Cancel", Command: "cancel m2n4p6r8"}}
	answered.Facts = []chat.Fact{
		{Label: "Commit", Value: "1a2b3c4d", Link: "https://git.example.org/rt/forge/commit/1a2b3c4d?a=1&b=2"}, {Label: "Replicas", Value: "2"},
	}
	answered.Table = &chat.Table{Columns: []string{"App", "State"}, Rows: [][]string{{"gitea", "healthy"}, {"vault", "sealed"}}}
	failed.Quotes = []chat.Quote{{Label: "Log", Text: "+ not a diff\n- at all"}}
	messages[2].Request.User.Name = "" // then the identifier stands there
	answeredNothing := message("9", 0, chat.Working)
	answeredNothing.Card = chat.Card{State: chat.Working, Mood: chat.Neutral}
	return append(messages, answeredNothing)
}

// hostile is a conversation of somebody who wants to do harm, in every place where others write.
func hostile() []chat.Message {
	const text = "<script>alert(1)</script>\" onload='x' &amp; \u202Egnp\u2066 \x1b[31mred\u200b\x00 {{.Card}} </pre><img src=x>"
	m := message("1", 1, chat.Failed)
	m.Request.Text, m.Request.User.Name = text, text
	m.Card = chat.Card{
		Operation: "k7f3q2mz", State: chat.Failed, Mood: chat.Bad, Language: text, Title: text, Text: []string{text},
		Facts:   []chat.Fact{{Label: "Image", Value: text, Link: "javascript:alert(1)"}},
		Steps:   []chat.Step{{Label: "sync", State: chat.StepFailed, Note: text, Link: "javascript:alert(1)"}},
		Table:   &chat.Table{Columns: []string{"Name"}, Rows: [][]string{{text}}},
		Quotes:  []chat.Quote{{Label: "Log", Text: text + "\n" + text}, {Label: "Diff", Text: "+" + text + "\r-" + text, Diff: true}},
		Buttons: []chat.Button{{Label: "<script>", Command: `"><script>`}},
	}
	return []chat.Message{m}
}

func TestThePageShowsTheConversation(t *testing.T) {
	tests := map[string]struct {
		trust     web.Trust
		languages string
		messages  []chat.Message
	}{
		"page-empty":   {},
		"page-names":   {trust: web.TrustNames},
		"page-french":  {languages: "fr-FR, en;q=0.5"},
		"page-every":   {messages: every()},
		"page-hostile": {messages: hostile()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at := open(t, &talk{messages: tt.messages}, func(c *web.Config) { c.Trust = tt.trust })
			answer := at.ask(t, "GET", "/", "", with("Accept-Language", tt.languages))
			if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "text/html; charset=utf-8" {
				t.Errorf("answered with %d and %s", answer.StatusCode, kind)
			}
			golden(t, name, all(t, answer))
		})
	}
}

func TestHostileTextsAreShownAndDoNothing(t *testing.T) {
	at := open(t, &talk{messages: hostile()}, nil)
	_, body := at.read(t, "/", nil)
	scripts := strings.Count(body, "<script") // the page's own stands in its head
	if scripts != 1 || strings.Contains(body, "<img") || strings.Contains(body, "javascript:") {
		t.Errorf("the page has %d scripts:\n%s", scripts, body)
	}
	for _, r := range body {
		if unicode.Is(unicode.Bidi_Control, r) || (unicode.IsControl(r) && r != '\n') {
			t.Errorf("the page has %U", r)
		}
	}
}

func TestOnlyAddressesOfTheWebBecomeLinks(t *testing.T) {
	tests := []struct{ name, link, want string }{
		{"an address", "https://git.example.org/rt", `<a href="https://git.example.org/rt" rel="noopener noreferrer" target="_blank">look</a>`},
		{"an address without TLS", "http://127.0.0.1:8080/x", `<a href="http://127.0.0.1:8080/x" rel="noopener noreferrer" target="_blank">look</a>`},
		{"an address with quotes", `https://git.example.org/"><script>`, `<a href="https://git.example.org/%22%3E%3Cscript%3E" rel="noopener noreferrer" target="_blank">look</a>`},
		{"a script", "javascript:alert(1)", "look"},
		{"a script in capitals", "JaVaScRiPt://x/%0aalert(1)", "look"},
		{"a script with a space before it", " javascript:alert(1)", "look"},
		{"a script with a tab in it", "java\tscript:alert(1)", "look"},
		{"data", "data:text/html,<script>", "look"},
		{"a file", "file:///etc/passwd", "look"},
		{"a path", "/say", "look"},
		{"a host without a scheme", "//evil.example", "look"},
		{"a scheme without a host", "https:///x", "look"},
		{"an address with a name before it", "https://git.example.org@evil.example/", "look"},
		{"no address at all", "%", "look"},
	}
	k := &talk{}
	at := open(t, k, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := message("1", 1, chat.Answered)
			m.Card.Facts = []chat.Fact{{Label: "Place", Value: "look", Link: tt.link}}
			k.store(m)
			if _, body := at.read(t, "/", nil); !strings.Contains(body, "<dd>"+tt.want+"</dd>") {
				t.Errorf("%q became\n%s", tt.link, body)
			}
		})
	}
}

// A carriage return does not hide what a line of a diff does.
func TestEveryLineOfADiffIsMarked(t *testing.T) {
	m := message("1", 1, chat.Answered)
	m.Card.Quotes = []chat.Quote{{Label: "Diff", Text: " a\r+b\u0085-c\r\n d", Diff: true}}
	at := open(t, &talk{messages: []chat.Message{m}}, nil)
	const want = "<span> a</span>\n<span class=\"added\">&#43;b</span>\n<span class=\"removed\">-c</span>\n<span> d</span>\n"
	if _, body := at.read(t, "/", nil); !strings.Contains(body, want) {
		t.Errorf("the page is\n%s", body)
	}
}

func TestThePageShowsTheNewestOfItsRoom(t *testing.T) {
	k := &talk{}
	for range 60 {
		k.messages = append(k.messages, message("m", 1, chat.Done))
	}
	elsewhere := message("elsewhere", 1, chat.Done)
	elsewhere.Request.Room.ID = "other"
	k.messages = append(k.messages, elsewhere)
	at := open(t, k, nil)
	_, body := at.read(t, "/", nil)
	if n := strings.Count(body, `<li class="message"`); n != 50 || strings.Contains(body, "elsewhere") {
		t.Errorf("the page shows %d messages", n)
	}
}

func TestThePageIsInTheReadersLanguage(t *testing.T) {
	at := open(t, &talk{}, nil)
	for header, want := range map[string]string{
		"": "en", "en": "en", "fr": "fr", "de, fr-CA;q=0.9, en;q=0.1": "fr", "fr;q=0.1, en": "en", "\"><script>": "en", "xx": "en",
	} {
		answer := at.ask(t, "GET", "/", "", with("Accept-Language", header))
		body := all(t, answer)
		if !strings.Contains(body, `<html lang="`+want+`">`) || answer.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%q was answered with %.40q", header, body)
		}
	}
}

func TestThePartsOfThePageHaveTheirTypes(t *testing.T) {
	at := open(t, &talk{}, nil)
	tests := []struct {
		name, path string
		status     int
		kind       string
	}{
		{"the style", "/assets/style.css", 200, "text/css; charset=utf-8"},
		{"the script", "/assets/page.js", 200, "text/javascript; charset=utf-8"},
		{"the icon", "/assets/icon.svg", 200, "image/svg+xml"},
		{"a template", "/assets/page.html", 404, "text/plain; charset=utf-8"},
		{"a part that is not there", "/assets/none.css", 404, "text/plain; charset=utf-8"},
		{"the folder", "/assets/", 404, "text/plain; charset=utf-8"},
		{"a way out of the folder", "/assets/..%2fweb.go", 404, "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := at.ask(t, "GET", tt.path, "", nil)
			if kind := answer.Header.Get("Content-Type"); answer.StatusCode != tt.status || kind != tt.kind {
				t.Errorf("%s was answered with %d and %s", tt.path, answer.StatusCode, kind)
			}
			if body := all(t, answer); body == "" {
				t.Error("the part is empty")
			}
		})
	}
}
