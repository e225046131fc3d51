package slack

import (
	"context"
	"time"

	"github.com/slack-go/slack/socketmode"
	"golang.org/x/sync/errgroup"
)

const (
	// mostEvent is the largest event that is read, in bytes.
	mostEvent = 1 << 20
	// mostAtOnce is how many events of a connection are stored at a time.
	mostAtOnce = 16
	// storeTime is how long storing a request may take: Slack gives up after 3 seconds.
	storeTime = 2 * time.Second
)

// stayConnected keeps one connection open.
func (s *Slack) stayConnected(ctx context.Context) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, time.Minute) {
		began := s.now()
		err := s.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.now().Sub(began) > time.Minute {
			pause = time.Second
		}
		s.log.WarnContext(ctx, "connection ended", "error", err, "pause", pause.String())
		sleep(ctx, pause)
	}
}

// silent keeps the library's own log out of ours.
type silent struct{}

// Output takes a line and drops it.
func (silent) Output(int, string) error { return nil }

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// connect opens a connection and takes what comes over it, until it cannot be kept up: its tokens are no longer good, say.
func (s *Slack) connect(ctx context.Context) error {
	client := socketmode.New(s.api, socketmode.OptionReadLimit(mostEvent), socketmode.OptionLog(silent{}))
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	var storing errgroup.Group
	storing.SetLimit(mostAtOnce)
	for {
		select {
		case e := <-client.Events:
			storing.Go(func() error {
				s.take(ctx, client, e)
				return nil
			})
		case err := <-ended:
			_ = storing.Wait() // none of them returns an error
			return err
		}
	}
}

// take does what an event asks for and acknowledges it. What could not be stored is not acknowledged: Slack says so to
// whoever asked.
func (s *Slack) take(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	if e.Request == nil || e.Request.EnvelopeID == "" {
		return
	}
	done, err := s.handle(ctx, e.Data)
	if err != nil {
		s.log.ErrorContext(ctx, "store request", "key", done.key, "error", err)
		return
	}
	if err := client.AckCtx(ctx, e.Request.EnvelopeID, done.answer); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "acknowledge", "key", done.key, "error", err)
	}
}
