package slack

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

// outbox brings cards to their messages, each newest version once, and a final one always. Whoever hands a card over does
// not wait: versions that are overtaken before Slack's limits let them out are never sent.
type outbox struct {
	api   *slack.Client
	talk  Answers
	words Words
	log   *slog.Logger
	limit *limits

	// fresh tells run that there is a sender to start.
	fresh chan struct{}

	mu      sync.Mutex
	senders map[string]*sender
}

// sender keeps one message up to date.
type sender struct {
	started bool
	newest  chat.Message
	wake    chan struct{}
}

func newOutbox(api *slack.Client, talk Answers, words Words, log *slog.Logger) *outbox {
	return &outbox{api: api, talk: talk, words: words, log: log, limit: newLimits(), fresh: make(chan struct{}, 1), senders: map[string]*sender{}}
}

// run sends until ctx ends, beginning with what an earlier process did not show, and returns when no sender is left.
func (o *outbox) run(ctx context.Context) error {
	late, err := o.talk.Unshown(ctx, Platform)
	if err != nil && ctx.Err() == nil {
		return err
	}
	for _, m := range late {
		o.put(m)
	}
	var under sync.WaitGroup
	defer under.Wait()
	for {
		select {
		case <-o.fresh:
		case <-ctx.Done():
			return nil
		}
		for delivery, s := range o.start() {
			under.Go(func() { o.keep(ctx, delivery, s) })
		}
	}
}

// start hands out the senders that do not run yet.
func (o *outbox) start() map[string]*sender {
	o.mu.Lock()
	defer o.mu.Unlock()
	found := map[string]*sender{}
	for delivery, s := range o.senders {
		if !s.started {
			s.started = true
			found[delivery] = s
		}
	}
	return found
}

// put hands a version over.
func (o *outbox) put(m chat.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.senders[m.Delivery]
	if !ok {
		s = &sender{wake: make(chan struct{}, 1)}
		o.senders[m.Delivery] = s
		signal(o.fresh)
	}
	if m.Version > s.newest.Version {
		s.newest = m
	}
	signal(s.wake)
}

// signal wakes a reader, which may be awake already.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// betweenUpdates is how long a card that will change again stays as it is.
const betweenUpdates = 1500 * time.Millisecond

// keep sends versions of one message until a final one is shown.
func (o *outbox) keep(ctx context.Context, delivery string, s *sender) {
	p := &post{outbox: o, delivery: delivery, next: func() chat.Message { return o.newest(s) }}
	for ctx.Err() == nil {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		if m := o.newest(s); p.ref != "" && !m.Card.State.Final() {
			o.rest(ctx, s)
		}
		shown := p.bring(ctx)
		if shown.Card.State.Final() && o.forget(delivery, shown.Version) {
			return
		}
	}
}

// rest waits before an update that others will follow; a final one ends the waiting.
func (o *outbox) rest(ctx context.Context, s *sender) {
	t := time.NewTimer(betweenUpdates)
	defer t.Stop()
	for !o.newest(s).Card.State.Final() {
		select {
		case <-t.C:
			return
		case <-ctx.Done():
			return
		case <-s.wake:
		}
	}
}

func (o *outbox) newest(s *sender) chat.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.newest
}

// forget ends a sender, unless a newer version came.
func (o *outbox) forget(delivery string, shown int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.senders[delivery].newest.Version > shown {
		return false
	}
	delete(o.senders, delivery)
	return true
}
