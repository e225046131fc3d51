package argocd

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"
)

// ErrNotYet means that the first picture of Argo CD has not come yet.
var ErrNotYet = errors.New("nothing was heard from Argo CD yet")

// ErrUnknown means that Argo CD does not show the bot an Application of that name.
var ErrUnknown = errors.New("no such Application")

// StaleError means that the stream is broken: what is known may be old.
type StaleError struct {
	Since time.Time
	Err   error
}

// Error says since when.
func (e *StaleError) Error() string {
	return "Argo CD was last heard at " + e.Since.UTC().Format(time.RFC3339) + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *StaleError) Unwrap() error { return e.Err }

// picture is what is known of the listed Applications, and who waits for news of them.
type picture struct {
	mu    sync.Mutex
	known map[string]Application
	names []string
	stale *StaleError
	heard bool
	// changed is closed and made anew with each change: whoever waits looks again.
	changed chan struct{}
}

func newPicture(c Config) *picture {
	return &picture{known: map[string]Application{}, names: c.Applications, changed: make(chan struct{})}
}

func (p *picture) lost(err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stale == nil {
		p.stale = &StaleError{Since: now}
	}
	p.stale.Err = err
	p.tell()
}

func (p *picture) update(event string, a Application) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.names, a.Name) {
		return
	}
	p.heard, p.stale = true, nil
	if event == "DELETED" {
		delete(p.known, a.Name)
	} else {
		p.known[a.Name] = a
	}
	p.tell()
}

// tell wakes whoever waits for a change.
func (p *picture) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// look returns an Application as it is now, and a channel that closes when anything changes.
func (p *picture) look(name string) (a Application, known bool, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, known = p.known[name]
	return a, known, p.changed
}

// trouble is why the picture cannot be relied on, nil where it can.
func (p *picture) trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stale != nil:
		return &StaleError{Since: p.stale.Since, Err: p.stale.Err}
	case !p.heard:
		return ErrNotYet
	}
	return nil
}

// firstPicture is how long a start waits for Argo CD to show all listed Applications.
const firstPicture = 3 * time.Second

// Heard waits until Argo CD has shown every listed Application, or does not answer, or takes too long: a bot that has just
// started would else not know apps that are there.
func (c *Client) Heard(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstPicture)
	defer cancel()
	for !c.seen.whole() {
		_, _, changed := c.seen.look("")
		if c.seen.whole() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// whole reports whether there is nothing to wait for: all listed Applications are known, or the stream is broken.
func (p *picture) whole() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stale != nil || len(p.known) == len(p.names)
}

// Ready returns nil where the picture of Argo CD is whole and new.
func (c *Client) Ready() error { return c.seen.trouble() }

// Application returns a listed Application as it was last seen. It returns ErrUnknown, ErrNotYet, or a *StaleError where
// the picture may be old.
func (c *Client) Application(name string) (Application, error) {
	if err := c.seen.trouble(); err != nil {
		return Application{}, err
	}
	a, known, _ := c.seen.look(name)
	if !known {
		return Application{}, ErrUnknown
	}
	return a, nil
}

// Applications returns all listed Applications that Argo CD shows, sorted by name, as they were last seen; with an error
// as Application gives it where that may be old.
func (c *Client) Applications() ([]Application, error) {
	c.seen.mu.Lock()
	all := make([]Application, 0, len(c.seen.known))
	for _, a := range c.seen.known {
		all = append(all, a)
	}
	c.seen.mu.Unlock()
	slices.SortFunc(all, func(a, b Application) int { return cmp.Compare(a.Name, b.Name) })
	return all, c.seen.trouble()
}

// Workloads returns the Deployments, StatefulSets and DaemonSets that the listed Applications track.
func (c *Client) Workloads() ([]Workload, error) {
	all, err := c.Applications()
	if err != nil {
		return nil, err
	}
	var found []Workload
	for _, a := range all {
		for _, r := range a.Resources {
			if r.Group == "apps" && slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, r.Kind) {
				found = append(found, Workload{Object: r.Object, Application: a.Name})
			}
		}
	}
	return found, nil
}

// Follow gives an Application as it is now and each time that it was seen to change, newest only, until ctx ends.
func (c *Client) Follow(ctx context.Context, name string) iter.Seq[Application] {
	return func(yield func(Application) bool) {
		for {
			a, known, changed := c.seen.look(name)
			if known && !yield(a) {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}
