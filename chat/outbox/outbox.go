// Package outbox keeps messages up to date, one for each request: the newest version of a card is brought to its message, and a
// final one always. It knows no platform. Whoever hands a card over does not wait: versions that are overtaken before
// the platform takes them are never sent.
package outbox

import (
	"context"
	"sync"
	"time"

	"rtbot/chat"
)

// Config is what an outbox works with.
type Config struct {
	// Unshown gives the messages whose newest card was not shown by an earlier process.
	Unshown func(ctx context.Context) ([]chat.Message, error)
	// Bring makes what shows one message's versions: a function that shows the newest, however long that takes, and returns
	// what it showed. A newer version that it finds stored it hands over by Put, and newest gives that one from then on.
	Bring func(delivery string, newest func() chat.Message) func(ctx context.Context) chat.Message
	// Between is how long a card that will change again stays as it is.
	Between time.Duration
}

// Outbox is where versions of cards are handed over.
type Outbox struct {
	Config

	// fresh tells Run that there is a sender to start.
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

// New makes an outbox.
func New(c Config) *Outbox {
	return &Outbox{Config: c, fresh: make(chan struct{}, 1), senders: map[string]*sender{}}
}

// Run sends until ctx ends, beginning with what an earlier process did not show, and returns when no sender is left.
func (o *Outbox) Run(ctx context.Context) error {
	late, err := o.Unshown(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	for _, m := range late {
		o.Put(m)
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
func (o *Outbox) start() map[string]*sender {
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

// Put hands a version over. It never waits.
func (o *Outbox) Put(m chat.Message) {
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

// keep sends versions of one message until a final one is shown.
func (o *Outbox) keep(ctx context.Context, delivery string, s *sender) {
	bring := o.Bring(delivery, func() chat.Message { return o.newest(s) })
	for first := true; ctx.Err() == nil; first = false {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		if !first {
			o.rest(ctx, s)
		}
		shown := bring(ctx)
		if shown.Card.State.Final() && o.forget(delivery, shown.Version) {
			return
		}
	}
}

// rest waits before an update that others will follow; a final one ends the waiting.
func (o *Outbox) rest(ctx context.Context, s *sender) {
	t := time.NewTimer(o.Between)
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

func (o *Outbox) newest(s *sender) chat.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.newest
}

// forget ends a sender, unless a newer version came.
func (o *Outbox) forget(delivery string, shown int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.senders[delivery].newest.Version > shown {
		return false
	}
	delete(o.senders, delivery)
	return true
}
