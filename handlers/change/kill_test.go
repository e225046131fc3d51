package change_test

import (
	"context"
	"fmt"
	"testing"

	"rtbot/gitops/github/githubtest"
	"rtbot/handlers/change"
)

// The process is killed when each step has begun, and when it has ended, with the answer of the commit lost on the way or
// not. Another process takes the operation to its end with one commit.
func TestAKilledOperationGoesOn(t *testing.T) {
	for _, step := range []string{change.StepPlan, change.StepCommit, change.StepDetect, change.StepSync, change.StepVerify} {
		for _, state := range []change.StepState{change.Running, change.Done} {
			for _, lost := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, lost %v", step, state, lost), func(t *testing.T) { killAt(t, step, state, lost) })
			}
		}
	}
}

func killAt(t *testing.T, step string, state change.StepState, lost bool) {
	t.Helper()
	w := newWorld(t)
	if lost {
		w.server.Fault(githubtest.Fault{Operation: commitCall, Kind: githubtest.Drop, Done: true, Times: 1})
	}
	op := w.ask("k")
	ctx, kill := context.WithCancelCause(t.Context())
	err := w.engine().Run(ctx, op, request("gitea", 2), func(v change.View) {
		if stateOf(v, step) == state {
			kill(errStop)
		}
	})
	kill(nil)
	if err == nil {
		t.Log("it ended before it was killed")
	}
	if got := w.do(op, 2); got.Outcome != change.Verified || w.ours() != 1 {
		t.Errorf("got %s and %d commits, want verified and one", got.Outcome, w.ours())
	}
	if _, err := w.journal.VerifyAudit(t.Context(), ""); err != nil {
		t.Error(err)
	}
}
