package github

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// How long to wait where GitHub sets a limit: at least a minute where it does not say, twice as long each time that this
// does not help, and never longer than its own hour with some room.
const (
	firstPause   = time.Minute
	longestPause = 65 * time.Minute
	maxDoublings = 4
)

// pause is the time until which GitHub wants no requests of ours.
type pause struct {
	mu      sync.Mutex
	until   time.Time
	strikes int
}

// left is how long to wait yet.
func (p *pause) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.until.Sub(now), 0)
}

// begin starts a pause of the length that the answer asks for, and gives it.
func (p *pause) begin(h http.Header, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := asked(h, now)
	if wait <= 0 {
		wait = firstPause << min(p.strikes, maxDoublings)
		p.strikes++
	}
	wait = min(wait, longestPause)
	if until := now.Add(wait); until.After(p.until) {
		p.until = until
	}
	return wait
}

// over notes that GitHub answers again.
func (p *pause) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.strikes = 0
}

// asked is how long the answer asks to wait, or 0.
func asked(h http.Header, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if h.Get("X-Ratelimit-Remaining") != "0" {
		return 0
	}
	n, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil {
		return 0
	}
	return time.Unix(n, 0).Sub(now)
}
