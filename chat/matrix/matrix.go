// Package matrix is the chat in Matrix: a user account that syncs, takes lines that begin with !rt or with its own name, and
// keeps one message per request up to date in a thread. It knows no verb and decides nothing. What it was told is
// stored together with how far it has read, what it shows is dead text, and in encrypted rooms it says what it knows of
// who typed a line.
package matrix

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"rtbot/chat"
	"rtbot/chat/outbox"
)

// Platform is the name of this platform in rooms and users.
const Platform = "matrix"

// Conversation is the bot behind Matrix.
type Conversation interface {
	inbox
	shelf
}

// inbox takes what was said.
type inbox interface {
	// ReceiveBatch stores the requests and the cursor before it returns; the answers come by Show.
	ReceiveBatch(ctx context.Context, b chat.Batch) error
	// Cursor is how far was read; empty at the very first start.
	Cursor(ctx context.Context, platform string) (string, error)
}

// shelf knows the answers.
type shelf interface {
	// Message returns one message as it stands.
	Message(ctx context.Context, delivery string) (chat.Message, error)
	// Unshown returns the messages whose newest card was not shown, oldest first.
	Unshown(ctx context.Context, platform string) ([]chat.Message, error)
	// Posted remembers where an answer is shown, and which version of it.
	Posted(ctx context.Context, delivery, ref string, version int) error
}

// notebook keeps what the next process needs to go on with the same device.
type notebook interface {
	Note(ctx context.Context, name, text string) error
	Noted(ctx context.Context, name string) (string, error)
}

// Config is what the owner decides.
type Config struct {
	// Homeserver is its client API, as https://m.example.org.
	Homeserver string
	// User is the bot's own account, as @rt:example.org.
	User     string
	Password func() (string, error)
	// Rooms are where the bot may be invited to by anybody.
	Rooms []string
	// Known tells whether an account is that of somebody whose invitations are accepted.
	Known func(account string) bool
	// Database is where the keys of encrypted rooms are kept, in tables of their own, sealed with Key.
	Database *sql.DB
	Key      []byte
	Notes    notebook
	// Language is the team's, as a BCP 47 tag: Matrix does not tell anybody's own. Say gives a sentence in it.
	Language string
	Say      func(key string) string
	Now      func() time.Time
}

// Matrix is the chat on one homeserver.
type Matrix struct {
	Config
	talk   Conversation
	log    *slog.Logger
	outbox *outbox.Outbox
	limit  *limit

	// session is the connection as it is now; nil before the first.
	session atomic.Pointer[session]
	// faults counts how often reading on from a position panicked.
	faults map[string]int
}

// New makes the chat. It calls nobody: Run does.
func New(c Config, talk Conversation, log *slog.Logger) *Matrix {
	m := &Matrix{Config: c, talk: talk, log: log.With("platform", Platform), limit: &limit{}, faults: map[string]int{}}
	m.outbox = outbox.New(outbox.Config{
		Unshown: func(ctx context.Context) ([]chat.Message, error) { return talk.Unshown(ctx, Platform) },
		Bring: func(delivery string, newest func() chat.Message) func(context.Context) chat.Message {
			return (&post{Matrix: m, delivery: delivery, next: newest}).bring
		},
		Between: betweenUpdates,
	})
	return m
}

// betweenUpdates is how long a card that will change again stays as it is: each edit is an event for ever.
const betweenUpdates = 1500 * time.Millisecond

// Name is the platform's name.
func (m *Matrix) Name() string { return Platform }

// Run talks to the homeserver until ctx ends, and returns when nothing of it is running. A homeserver that is away is tried
// again for ever. What a crash kept from being shown is shown first.
func (m *Matrix) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return m.outbox.Run(ctx) })
	all.Go(func() error {
		m.stayConnected(ctx)
		return nil
	})
	if err := all.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("matrix: %w", err)
	}
	return nil
}

// Show brings a new version of a card to its message. It never waits: only the newest version is sent, as soon as the
// homeserver takes it.
func (m *Matrix) Show(_ context.Context, msg chat.Message) error {
	m.outbox.Put(msg)
	return nil
}

// stayConnected keeps the account signed in and reading. Whatever goes wrong, a panic on a hostile event among it, is
// tried again.
func (m *Matrix) stayConnected(ctx context.Context) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		began := m.Now()
		err := m.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if m.Now().Sub(began) > time.Minute {
			pause = time.Second
		}
		if wait := m.limit.left(err); wait > 0 {
			pause = max(pause, wait)
		}
		m.log.WarnContext(ctx, "connection ended", "error", err, "pause", pause.String())
		sleep(ctx, pause)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// connect opens a session and reads until the session is no longer good.
func (m *Matrix) connect(ctx context.Context) error {
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	m.session.Store(s)
	since, err := m.talk.Cursor(ctx, Platform)
	if err != nil {
		return err
	}
	r := &reader{Matrix: m, session: s, since: since, stored: since}
	for ctx.Err() == nil {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}
