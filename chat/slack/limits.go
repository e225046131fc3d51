package slack

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits keep to what Slack allows: one message a second in a channel, 50 updates a minute, and silence for as long as a
// refusal asked for. https://docs.slack.dev/apis/web-api/rate-limits
type limits struct {
	updates *rate.Limiter

	mu       sync.Mutex
	channels map[string]*rate.Limiter
	until    time.Time
}

const (
	updatesAMinute = 50
	// updatesAtOnce lets a few quick changes through without waiting; with the rest they stay below the limit.
	updatesAtOnce = 5
	// mostChannels bounds how many channels are remembered.
	mostChannels = 1000
)

func newLimits() *limits {
	return &limits{
		updates:  rate.NewLimiter(rate.Every(time.Minute/(updatesAMinute-updatesAtOnce)), updatesAtOnce),
		channels: map[string]*rate.Limiter{},
	}
}

// post waits until a message may be posted to a channel.
func (l *limits) post(ctx context.Context, channel string) error {
	if err := l.silence(ctx); err != nil {
		return err
	}
	return l.channel(channel).Wait(ctx)
}

// update waits until a message may be changed.
func (l *limits) update(ctx context.Context) error {
	if err := l.silence(ctx); err != nil {
		return err
	}
	return l.updates.Wait(ctx)
}

func (l *limits) channel(name string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.channels[name]
	if !ok {
		if len(l.channels) >= mostChannels {
			clear(l.channels)
		}
		found = rate.NewLimiter(rate.Every(time.Second), 1)
		l.channels[name] = found
	}
	return found
}

// hold keeps everything back for a while.
func (l *limits) hold(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d) //nolint:forbidigo // what x/time/rate goes by as well
}

func (l *limits) silence(ctx context.Context) error {
	l.mu.Lock()
	until := l.until
	l.mu.Unlock()
	if d := time.Until(until); d > 0 {
		sleep(ctx, d)
	}
	return ctx.Err()
}
