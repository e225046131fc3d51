package change_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"rtbot/handlers/change"
)

// decideWhen lets somebody decide as soon as the operation waits, and returns the last picture.
func (w *world) decideWhen(op string, d change.Decision, before func()) change.View {
	w.t.Helper()
	engine := w.engine()
	var last change.View
	asked := false
	err := engine.Run(w.t.Context(), op, request("gitea", 2), func(v change.View) {
		last = v
		if v.Outcome == change.Awaiting && !asked {
			asked = true
			before()
			if err := engine.Decide(op, d); err != nil {
				w.t.Error(err)
			}
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return last
}

func TestADangerIsDoneOnlyWhenSomebodyAgrees(t *testing.T) {
	nothing := func(*world) {}
	tests := map[string]struct {
		answer  change.Answer
		before  func(*world)
		want    change.Outcome
		key     string
		commits int
	}{
		"approved":  {change.Approve, nothing, change.Verified, "", 1},
		"refused":   {change.Decline, nothing, change.Refused, "refused.declined", 0},
		"withdrawn": {change.Withdraw, nothing, change.Refused, "refused.withdrawn", 0},
		"approved after somebody changed a line beside it": {change.Approve, func(w *world) {
			w.push(giteaFile, strings.Replace(gitea, "1.22", "1.23", 1))
		}, change.Refused, "refused.approval-void", 0},
		"approved after a commit elsewhere": {change.Approve, func(w *world) { w.push("README.md", "x") }, change.Verified, "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.gate = fakeGate{err: change.ErrNeedsApproval}
			got := w.decideWhen(w.ask("k"), change.Decision{Answer: test.answer, By: "web:dave", Name: "dave"}, func() { test.before(w) })
			key := ""
			if got.Refused != nil {
				key = got.Refused.Key
			}
			if got.Outcome != test.want || key != test.key || w.ours() != test.commits {
				t.Errorf("got %s (%s) and %d commits, want %s (%s) and %d", got.Outcome, key, w.ours(), test.want, test.key, test.commits)
			}
		})
	}
}

func TestAnApprovalThatCameBeforeAKillStillCounts(t *testing.T) {
	w := newWorld(t)
	w.gate = fakeGate{err: change.ErrNeedsApproval}
	op := w.ask("k")
	engine := w.engine()
	ctx, kill := context.WithCancel(t.Context())
	err := engine.Run(ctx, op, request("gitea", 2), func(v change.View) {
		if v.Outcome == change.Awaiting {
			_ = engine.Decide(op, change.Decision{Answer: change.Approve, By: "web:dave", Name: "dave"}) // a second one is turned away
		}
		if stateOf(v, change.StepApprove) == change.Done {
			kill()
		}
	})
	kill()
	if err == nil || w.ours() != 0 {
		t.Fatalf("got %v and %d commits, want an interruption before the commit", err, w.ours())
	}
	if got := w.do(op, 2); got.Outcome != change.Verified || w.ours() != 1 {
		t.Errorf("got %s and %d commits, want verified and one", got.Outcome, w.ours())
	}
}

func TestNobodyDecidesInTime(t *testing.T) {
	w := newWorld(t)
	w.gate = fakeGate{err: change.ErrNeedsApproval}
	op := w.ask("k")
	ctx, kill := context.WithCancel(t.Context())
	_ = w.engine().Run(ctx, op, request("gitea", 2), func(v change.View) {
		if v.Outcome == change.Awaiting {
			kill()
		}
	})
	kill()
	w.now = func() time.Time { return time.Now().Add(11 * time.Minute) }
	if got := w.do(op, 2); got.Outcome != change.Refused || got.Refused.Key != "refused.expired" || w.ours() != 0 {
		t.Errorf("got %s (%+v), want refused as expired", got.Outcome, got.Refused)
	}
}

// The only admin says again that it is meant: an approval, by a button, is not enough.
func TestTheOnlyAdminConfirms(t *testing.T) {
	w := newWorld(t)
	w.gate = fakeGate{err: change.ErrNeedsConfirmation}
	op, engine := w.ask("k"), w.engine()
	var last change.View
	err := engine.Run(t.Context(), op, request("gitea", 2), func(v change.View) {
		first := last.Outcome != change.Awaiting
		last = v
		if v.Outcome != change.Awaiting || !first {
			return
		}
		if err := engine.Decide(op, change.Decision{Answer: change.Approve, By: "web:alice"}); !errors.Is(err, change.ErrNotWaiting) {
			t.Errorf("approve: got %v, want ErrNotWaiting", err)
		}
		if err := engine.Decide(op, change.Decision{Answer: change.Confirm, By: "web:alice"}); err != nil {
			t.Error(err)
		}
	})
	if err != nil || last.Outcome != change.Verified || last.Decider != change.ByAsker || w.ours() != 1 {
		t.Errorf("got %s (%q), error %v and %d commits, want verified and one", last.Outcome, last.Decider, err, w.ours())
	}
}

func TestAnApprovalCannotBeConfirmed(t *testing.T) {
	w := newWorld(t)
	w.gate = fakeGate{err: change.ErrNeedsApproval}
	op, engine := w.ask("k"), w.engine()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	_ = engine.Run(ctx, op, request("gitea", 2), func(v change.View) {
		if v.Outcome != change.Awaiting {
			return
		}
		if err := engine.Decide(op, change.Decision{Answer: change.Confirm, By: "web:alice"}); !errors.Is(err, change.ErrNotWaiting) {
			t.Errorf("got %v, want ErrNotWaiting", err)
		}
		kill()
	})
	if w.ours() != 0 {
		t.Errorf("got %d commits, want none", w.ours())
	}
}

func TestADecisionThatNobodyWaitsForIsTurnedAway(t *testing.T) {
	w := newWorld(t)
	if err := w.engine().Decide("k7f3q2mz", change.Decision{Answer: change.Approve}); !errors.Is(err, change.ErrNotWaiting) {
		t.Errorf("got %v, want ErrNotWaiting", err)
	}
}
