package slack_test

import (
	"context"
	"strings"
	"sync"

	"rtbot/chat"
)

// fakeTalk stores what it is handed, and remembers what is shown.
type fakeTalk struct {
	mu       sync.Mutex
	requests map[string]chat.Request
	keys     []string
	messages map[string]chat.Message
	shown    map[string]int
	fail     error
	heard    chan chat.Request
}

func newTalk() *fakeTalk {
	return &fakeTalk{requests: map[string]chat.Request{}, messages: map[string]chat.Message{}, shown: map[string]int{}, heard: make(chan chat.Request, 100)}
}

func (f *fakeTalk) Receive(_ context.Context, req chat.Request) (chat.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return chat.Receipt{}, f.fail
	}
	_, repeat := f.requests[req.Key]
	f.requests[req.Key] = req
	if !repeat {
		f.keys = append(f.keys, req.Key)
		f.heard <- req
	}
	return chat.Receipt{Delivery: req.Key, Repeat: repeat}, nil
}

func (f *fakeTalk) Message(_ context.Context, delivery string) (chat.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.messages[delivery], nil
}

func (f *fakeTalk) Unshown(context.Context, string) ([]chat.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var late []chat.Message
	for id, m := range f.messages {
		if m.Version > f.shown[id] {
			late = append(late, m)
		}
	}
	return late, nil
}

func (f *fakeTalk) Posted(_ context.Context, delivery, ref string, version int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.messages[delivery]
	m.Ref = ref
	f.messages[delivery], f.shown[delivery] = m, version
	return nil
}

// answer makes the next version of a message.
func (f *fakeTalk) answer(req chat.Request, c chat.Card) chat.Message {
	const delivery = "k"
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.messages[delivery]
	m.Delivery, m.Request, m.Card, m.Version = delivery, req, c, m.Version+1
	f.messages[delivery] = m
	return m
}

// Form is for a line without words; its app can be chosen.
func (f *fakeTalk) Form(_ context.Context, req chat.Request) (chat.Form, bool) {
	if strings.TrimSpace(req.Text) != "/rt" || req.User.ID == "U2" {
		return chat.Form{}, false
	}
	return chat.Form{Title: "Ask the bot in a very long sentence", Submit: "Send", Fields: []chat.Field{
		{Name: "verb", Label: "Command", Kind: chat.FieldChoice, Required: true, Options: []chat.Option{{Value: "scale", Label: "scale <app> <replicas>", Hint: strings.Repeat("long ", 40)}}},
		{Name: "app", Label: "App", Kind: chat.FieldChoice, Options: []chat.Option{{Value: "gitea", Label: "gitea"}}},
		{Name: "value", Label: "Value", Kind: chat.FieldText, Hint: "a number", Example: "2"},
	}}, true
}

// Line finds no number wrong.
func (f *fakeTalk) Line(_ chat.Request, filled chat.Filled) (string, chat.Mistakes) {
	v := filled.Values
	if v["value"] == "" {
		return "", chat.Mistakes{"value": "how many?"}
	}
	return v["verb"] + " " + v["app"] + " " + v["value"], nil
}
