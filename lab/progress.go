package lab

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// progress writes a line for each step that is done.
type progress struct {
	now func() time.Time

	mu  sync.Mutex
	out io.Writer
}

func newProgress(out io.Writer, now func() time.Time) *progress { return &progress{out: out, now: now} }

// time takes a step and says how long it took.
func (p *progress) time(ctx context.Context, s step) error {
	began := p.now()
	if err := s.do(ctx); err != nil {
		return err
	}
	return p.print("%-22s %5.1fs\n", s.name, p.now().Sub(began).Seconds())
}

// ready is the last line, which scripts wait for.
func (p *progress) ready(began time.Time) error {
	if err := p.print("%-22s %5.1fs\n", "all", p.now().Sub(began).Seconds()); err != nil {
		return err
	}
	return p.print("ready\n")
}

func (p *progress) print(format string, args ...any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := fmt.Fprintf(p.out, format, args...)
	return err
}
