// Package slack is the chat in Slack: it takes slash commands, forms, mentions and pressed buttons over Socket Mode or HTTP,
// and keeps one message per request up to date. It knows no verb and decides nothing. It stores what it is told before it acknowledges
// it, and what it shows is dead text: no mention rings, and no link works but those that the bot made.
package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"rtbot/chat"
	"rtbot/chat/outbox"
)

// Platform is the name of this platform in rooms and users.
const Platform = "slack"

// Conversation is the bot behind Slack.
type Conversation interface {
	Answers
	// Receive stores the request before it returns; the answer comes by Show.
	Receive(ctx context.Context, req chat.Request) (chat.Receipt, error)
	// Form is the form for a line that says too little to be done, where there is one.
	Form(ctx context.Context, req chat.Request) (chat.Form, bool)
	// Line is the line that a form says as it was filled in, or what is wrong with it.
	Line(req chat.Request, filled chat.Filled) (string, chat.Mistakes)
}

// Answers are the messages that Slack shows, as they are stored.
type Answers interface {
	// Message returns one message as it stands.
	Message(ctx context.Context, delivery string) (chat.Message, error)
	// Unshown returns the messages whose newest card was not shown, oldest first.
	Unshown(ctx context.Context, platform string) ([]chat.Message, error)
	// Posted remembers where an answer is shown, and which version of it.
	Posted(ctx context.Context, delivery, ref string, version int) error
}

// Config is what the owner decides.
type Config struct {
	// AppToken opens connections (xapp-...), BotToken does everything else (xoxb-...).
	AppToken string
	BotToken string
	// APIURL is where the API is; empty means Slack's own.
	APIURL string
	// SigningSecrets are what requests over HTTP are signed with: the one that counts, and during a rotation the one before.
	SigningSecrets []string
	Words          Words
	Now            func() time.Time
}

// Words gives what says the platform's own sentences in the best of these languages (BCP 47 tags).
type Words func(languages ...string) (say func(key string) string)

// Slack is the chat in one Slack workspace.
type Slack struct {
	api    *slack.Client
	talk   Conversation
	log    *slog.Logger
	now    func() time.Time
	people *people
	outbox *outbox.Outbox
	limit  *limits
	words  Words
	// secret is what the bot seals with: all of its processes know it, and nobody else.
	secret string
	doors  *doors // what came over HTTP
}

// callTime is how long one call of Slack's API may take.
const callTime = 10 * time.Second

// New makes the chat. It calls nobody: Run does.
func New(c Config, talk Conversation, log *slog.Logger) *Slack {
	options := []slack.Option{slack.OptionAppLevelToken(c.AppToken), slack.OptionHTTPClient(&http.Client{Timeout: callTime})}
	if c.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(c.APIURL, "/")+"/"))
	}
	s := &Slack{api: slack.New(c.BotToken, options...), talk: talk, log: log.With("platform", Platform), now: c.Now, words: c.Words, secret: c.BotToken}
	s.people = newPeople(s.api, c.Now)
	s.limit = newLimits()
	s.outbox = outbox.New(outbox.Config{
		Unshown: func(ctx context.Context) ([]chat.Message, error) { return talk.Unshown(ctx, Platform) },
		Bring: func(delivery string, newest func() chat.Message) func(context.Context) chat.Message {
			return (&post{Slack: s, delivery: delivery, next: newest}).bring
		},
		Between: betweenUpdates,
	})
	s.doors = newDoors(c.SigningSecrets, c.Now)
	return s
}

// betweenUpdates is how long a card that will change again stays as it is: Slack counts the updates.
const betweenUpdates = 1500 * time.Millisecond

// Name is the platform's name.
func (s *Slack) Name() string { return Platform }

// connections is how many connections are open at a time: Slack closes each now and then, and a request that comes
// meanwhile goes over another.
const connections = 2

// Run talks to Slack over Socket Mode until ctx ends, and returns when nothing of it is running. A Slack that is away is tried again for
// ever. What a crash kept from being shown is shown first.
func (s *Slack) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return s.outbox.Run(ctx) })
	for range connections {
		all.Go(func() error {
			s.stayConnected(ctx)
			return nil
		})
	}
	if err := all.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("slack: %w", err)
	}
	return nil
}

// Show brings a new version of a card to its message. It never waits: only the newest version is sent, as soon as Slack's
// limits allow.
func (s *Slack) Show(_ context.Context, m chat.Message) error {
	s.outbox.Put(m)
	return nil
}
