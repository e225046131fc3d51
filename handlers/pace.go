package handlers

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// Pace is how much one person may ask in a minute, with whichever account: requests of any kind, and changes among them.
type Pace struct{ Requests, Changes int }

const (
	// leastHold is how long whoever asked too much is not listened to, at the least: who floods a room is answered seldom.
	leastHold = 10 * time.Second
	// mostMeasured bounds how many people are remembered.
	mostMeasured = 10_000
)

// Meter measures what each person asks. A nil Meter lets everything pass.
type Meter struct {
	mu     sync.Mutex
	pace   Pace
	people map[string]*spent
}

// spent is what a person has left.
type spent struct{ requests, changes *bucket }

// NewMeter makes a meter.
func NewMeter(p Pace) *Meter { return &Meter{pace: p, people: map[string]*spent{}} }

// Set puts another pace in place. Whoever has nothing left starts anew.
func (m *Meter) Set(p Pace) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p != m.pace {
		m.pace = p
		clear(m.people)
	}
}

// charge is what a request costs its asker, or why it is too much.
type charge struct {
	at      time.Time
	paid    []*rate.Reservation
	refused *refusal.Error
	// empty is what nothing was left in, and wait how long that lasts.
	empty *bucket
	wait  time.Duration
	// untold says that the asker has heard so already: it is not said again.
	untold bool
}

// take charges a person for a request, and for a change where it asks for one. It counts once it is settled.
func (m *Meter) take(who string, op *journal.NewOperation, now time.Time) charge {
	c := charge{at: now}
	if m == nil {
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	left, ok := m.people[who]
	if !ok {
		if len(m.people) >= mostMeasured {
			clear(m.people)
		}
		left = &spent{requests: newBucket(m.pace.Requests, max(m.pace.Requests/3, 1)), changes: newBucket(m.pace.Changes, m.pace.Changes)}
		m.people[who] = left
	}
	left.requests.take(&c, "refused.limit")
	if op != nil && c.refused == nil {
		left.changes.take(&c, "refused.limit-changes")
	}
	return c
}

// settle makes a charge count. Whoever asked too much is not listened to for a while, and is told so once.
func (m *Meter) settle(c charge) charge {
	if c.empty == nil {
		return c
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.untold = c.at.Before(c.empty.until); !c.untold {
		c.empty.until = c.at.Add(c.wait)
	}
	return c
}

// giveBack undoes a charge: the request had been paid for before.
func (c charge) giveBack() {
	for _, p := range c.paid {
		p.CancelAt(c.at)
	}
}

// bucket holds what may be asked at once, and fills again over a minute.
type bucket struct {
	tokens *rate.Limiter
	// until is how long nothing is taken from it after it was empty.
	until time.Time
}

func newBucket(aMinute, atOnce int) *bucket {
	return &bucket{tokens: rate.NewLimiter(rate.Limit(float64(aMinute)/60), atOnce)}
}

func (b *bucket) take(c *charge, key string) {
	if c.wait = b.until.Sub(c.at); c.wait <= 0 {
		one := b.tokens.ReserveN(c.at, 1)
		if c.wait = one.DelayFrom(c.at); c.wait == 0 {
			c.paid = append(c.paid, one)
			return
		}
		one.CancelAt(c.at)
		c.wait = max(c.wait, leastHold)
	}
	c.empty, c.refused = b, refusal.New(refusal.Limit, key, lang.With{"Seconds": int(math.Ceil(c.wait.Seconds()))})
}

// turnAway answers somebody who asked too much. It is said once and kept each time: an answer to every line of a flood would
// be a flood as well.
func (r *Router) turnAway(ctx context.Context, d journal.Delivery, c charge) error {
	words := r.words(d)
	if !c.untold {
		return r.refuse(ctx, d, words, c.refused)
	}
	audit := r.note(ctx, d, c.refused)
	m, err := r.store(ctx, d, r.Cards.Refused(words, c.refused))
	if err != nil {
		return errors.Join(audit, err)
	}
	return errors.Join(audit, r.Journal.Posted(ctx, d.ID, "", m.Version))
}

// mostAtOnce is how many questions of one person are answered at a time.
const mostAtOnce = 4

// turns lets nobody take up more than their share: the questions of one person wait for each other, and never for those of
// another. Its zero value works.
type turns struct {
	mu     sync.Mutex
	people map[string]chan struct{}
}

// wait waits for a person's turn.
func (t *turns) wait(ctx context.Context, who string) (done func(), err error) {
	busy := t.of(who)
	select {
	case busy <- struct{}{}:
		return func() { <-busy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// of is a person's own queue. There are as many as there are people who may ask.
func (t *turns) of(who string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.people == nil {
		t.people = map[string]chan struct{}{}
	}
	if _, ok := t.people[who]; !ok {
		t.people[who] = make(chan struct{}, mostAtOnce)
	}
	return t.people[who]
}
