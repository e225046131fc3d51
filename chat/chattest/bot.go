package chattest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"rtbot/chat"
)

// ErrNotFound is what a Bot returns for a message that it does not have.
var ErrNotFound = errors.New("no such message")

// Bot is the conversation behind a platform under test. It keeps what it was asked, and its answers, in the place of a
// journal: the platform may be stopped and started on it again.
type Bot struct {
	mu       sync.Mutex
	fail     error
	order    []string
	keys     map[string]string
	messages map[string]*kept
	platform Platform
}

// kept is a message, with what the platform noted of it.
type kept struct {
	chat.Message
	noted bool
	shown int
}

func newBot() *Bot { return &Bot{keys: map[string]string{}, messages: map[string]*kept{}} }

// Receive stores a request, or fails as it was told.
func (b *Bot) Receive(_ context.Context, req chat.Request) (chat.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return chat.Receipt{}, b.fail
	}
	if known, ok := b.keys[req.Key]; ok {
		return chat.Receipt{Delivery: known, Repeat: true}, nil
	}
	id := "d" + strconv.Itoa(len(b.order)+1)
	b.keys[req.Key], b.order = id, append(b.order, id)
	b.messages[id] = &kept{Message: chat.Message{Delivery: id, Request: req, Card: chat.Card{State: chat.Working, Mood: chat.Neutral}}}
	return chat.Receipt{Delivery: id}, nil
}

// Message returns one message as it stands, or ErrNotFound.
func (b *Bot) Message(_ context.Context, delivery string) (chat.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m, ok := b.messages[delivery]
	if !ok {
		return chat.Message{}, fmt.Errorf("%q: %w", delivery, ErrNotFound)
	}
	return m.Message, nil
}

// Messages returns the newest n messages of a room, oldest first.
func (b *Bot) Messages(_ context.Context, room chat.Room, n int) ([]chat.Message, error) {
	found := b.where(func(m *kept) bool { return m.Request.Room == room })
	return found[max(0, len(found)-n):], nil
}

// Unshown returns the messages whose newest card was not noted as shown, oldest first.
func (b *Bot) Unshown(_ context.Context, platform string) ([]chat.Message, error) {
	return b.where(func(m *kept) bool { return m.Request.Room.Platform == platform && m.Version > m.shown }), nil
}

// Posted notes where an answer is shown, and which version of it.
func (b *Bot) Posted(_ context.Context, delivery, ref string, version int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	m, ok := b.messages[delivery]
	if !ok {
		return fmt.Errorf("%q: %w", delivery, ErrNotFound)
	}
	m.Ref, m.shown, m.noted = ref, version, true
	return nil
}

// Form offers no form: every line of the kit says enough.
func (*Bot) Form(context.Context, chat.Request) (chat.Form, bool) { return chat.Form{}, false }

// Line is never asked for, where there is no form.
func (*Bot) Line(chat.Request, chat.Filled) (string, chat.Mistakes) { return "", nil }

// Asked is everything that was asked, oldest first, each delivery once.
func (b *Bot) Asked() []chat.Message { return b.where(func(*kept) bool { return true }) }

func (b *Bot) where(holds func(*kept) bool) []chat.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []chat.Message
	for _, id := range b.order {
		if m := b.messages[id]; holds(m) {
			found = append(found, m.Message)
		}
	}
	return found
}

// Answer stores the next version of an answer and has the platform show it, where one runs.
func (b *Bot) Answer(ctx context.Context, delivery string, c chat.Card) error {
	m, p := b.next(delivery, c)
	if p == nil {
		return nil
	}
	return p.Show(ctx, m)
}

func (b *Bot) next(delivery string, c chat.Card) (chat.Message, Platform) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.messages[delivery]
	m.Card = c
	m.Version++
	return m.Message, b.platform
}

// speakThrough makes answers go to a platform; nil while none runs.
func (b *Bot) speakThrough(p Platform) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.platform = p
}

// breakDown makes requests fail from now on; nil mends it.
func (b *Bot) breakDown(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// settled tells whether the newest version is noted as shown, or the platform notes nothing.
func (b *Bot) settled(delivery string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.messages[delivery]
	return !m.noted || m.shown == m.Version
}

// texts are the lines that were asked, without what a platform puts before a command.
func (b *Bot) texts() []string {
	var lines []string
	for _, m := range b.Asked() {
		lines = append(lines, bare(m.Request.Text))
	}
	return lines
}

// bare takes the prefix off a line.
func bare(line string) string {
	for _, prefix := range []string{"/rt ", "!rt "} {
		if len(line) >= len(prefix) && line[:len(prefix)] == prefix {
			return line[len(prefix):]
		}
	}
	return line
}

// titled counts the messages whose newest version says a text.
func titled(all []Message, text string) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(m Message) bool { return !contains(m, text) }))
}
