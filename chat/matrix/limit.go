package matrix

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"maunium.net/go/mautrix"
)

// limit keeps silent for as long as a homeserver asked for.
type limit struct {
	mu    sync.Mutex
	until time.Time
}

// left is how long an error asks to wait; 0 where it is of another kind.
func (*limit) left(err error) time.Duration {
	refused, ok := errors.AsType[mautrix.HTTPError](err)
	if !ok || refused.Response == nil || refused.Response.StatusCode != http.StatusTooManyRequests {
		return 0
	}
	wait := time.Second
	if refused.RespError != nil {
		if ms, ok := refused.RespError.ExtraData["retry_after_ms"].(float64); ok && ms > 0 {
			wait = time.Duration(ms) * time.Millisecond
		}
	}
	if seconds, err := time.ParseDuration(refused.Response.Header.Get("Retry-After") + "s"); err == nil && seconds > 0 {
		wait = seconds
	}
	return min(wait, mostSilence)
}

// mostSilence bounds what a homeserver can ask for.
const mostSilence = 10 * time.Minute

// hold keeps everything back for a while.
func (l *limit) hold(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d) //nolint:forbidigo // what a timer goes by
}

// wait returns when things may be sent.
func (l *limit) wait(ctx context.Context) {
	l.mu.Lock()
	until := l.until
	l.mu.Unlock()
	if d := time.Until(until); d > 0 {
		sleep(ctx, d)
	}
}
