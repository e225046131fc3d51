package outbox_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/outbox"
)

// wall is a platform that takes its time for each version.
type wall struct {
	takes time.Duration

	mu    sync.Mutex
	shown []int
}

func (w *wall) bring(_ string, newest func() chat.Message) func(context.Context) chat.Message {
	return func(ctx context.Context) chat.Message {
		m := newest()
		select {
		case <-time.After(w.takes):
		case <-ctx.Done():
			return m
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.shown = append(w.shown, m.Version)
		return m
	}
}

func version(n int, s chat.State) chat.Message {
	return chat.Message{Delivery: "d", Version: n, Card: chat.Card{State: s}}
}

func TestVersionsThatAreOvertakenAreNotShownAndTheLastOneIs(t *testing.T) {
	tests := []struct {
		name string
		late []chat.Message
		put  func(o *outbox.Outbox)
		want []int
	}{
		{"the first and the last of a quick change", nil, func(o *outbox.Outbox) {
			o.Put(version(1, chat.Working))
			time.Sleep(10 * time.Millisecond)
			for n := 2; n < 9; n++ {
				o.Put(version(n, chat.Working))
			}
			o.Put(version(9, chat.Done))
		}, []int{1, 9}},
		{"one version after another where there is time", nil, func(o *outbox.Outbox) {
			for n := 1; n < 4; n++ {
				o.Put(version(n, chat.Working))
				time.Sleep(5 * time.Second)
			}
		}, []int{1, 2, 3}},
		{"a version that comes out of turn", nil, func(o *outbox.Outbox) {
			o.Put(version(2, chat.Done))
			o.Put(version(1, chat.Working))
		}, []int{2}},
		{"a decision after a card that waits", nil, func(o *outbox.Outbox) {
			o.Put(version(1, chat.Waiting))
			time.Sleep(time.Hour)
			o.Put(version(2, chat.Done))
		}, []int{1, 2}},
		{"what an earlier process did not show", []chat.Message{version(7, chat.Done)}, func(*outbox.Outbox) {}, []int{7}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wall{takes: 100 * time.Millisecond}
				o := outbox.New(outbox.Config{
					Unshown: func(context.Context) ([]chat.Message, error) { return tt.late, nil },
					Bring:   w.bring, Between: time.Second,
				})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- o.Run(ctx) }()
				tt.put(o)
				time.Sleep(time.Minute)
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.want, w.shown); diff != "" {
					t.Errorf("versions shown (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A sender that was handed an old version finds a newer one stored, and hands that over itself.
func TestAVersionThatASenderFindsStoredTakesThePlaceOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o *outbox.Outbox
		w := &wall{takes: 100 * time.Millisecond}
		o = outbox.New(outbox.Config{
			Unshown: func(context.Context) ([]chat.Message, error) { return nil, nil },
			Bring: func(delivery string, newest func() chat.Message) func(context.Context) chat.Message {
				bring := w.bring(delivery, newest)
				return func(ctx context.Context) chat.Message {
					o.Put(version(5, chat.Done))
					return bring(ctx)
				}
			},
			Between: time.Second,
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- o.Run(ctx) }()
		o.Put(version(3, chat.Working))
		time.Sleep(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]int{5}, w.shown); diff != "" {
			t.Errorf("versions shown (-want +got):\n%s", diff)
		}
	})
}
