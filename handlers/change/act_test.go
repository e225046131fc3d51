package change_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"rtbot/gitops"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/k8sops"
)

// fakeAct counts how often it was done, outside of the process that is killed.
type fakeAct struct {
	mu   sync.Mutex
	n    int
	lost int   // how many answers are lost yet, after it was done
	drop int   // how many requests are lost yet, before it was done
	err  error // what Do is refused with
	look error
}

func (f *fakeAct) Look(context.Context, change.App) (change.Sight, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return change.Sight{Mark: strconv.Itoa(f.n)}, f.look
}

func (f *fakeAct) Do(context.Context, change.App, change.Sight) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.err != nil:
		return f.err
	case f.drop > 0:
		f.drop--
		return fmt.Errorf("restart: %w", gitops.ErrOutcomeUnknown)
	}
	f.n++
	if f.lost > 0 {
		f.lost--
		return fmt.Errorf("restart: %w", gitops.ErrOutcomeUnknown)
	}
	return nil
}

func (f *fakeAct) Done(_ context.Context, _ change.App, seen change.Sight) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strconv.Itoa(f.n) != seen.Mark, nil
}

// restarts is a request to restart an app by that act.
func restarts(app string, act change.Act) change.Request {
	return change.Request{
		Verb: change.Restart, App: change.AppName{Name: app}, Act: act, Line: func(a change.AppName) string { return "restart " + a.String() },
	}
}

// askRestart stores a request to restart gitea and returns its operation.
func (w *world) askRestart() string {
	w.t.Helper()
	d, _, err := w.journal.Accept(w.t.Context(), journal.Delivery{Platform: "web", Key: "r", ReceivedAt: time.Now()},
		&journal.NewOperation{Verb: "restart", App: "gitea", Request: "restart gitea", Asker: "web:alice"})
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Operation
}

// doAct carries an act to its end and returns the last picture.
func (w *world) doAct(op string, req change.Request) change.View {
	w.t.Helper()
	var last change.View
	if err := w.engine().Run(w.t.Context(), op, req, func(v change.View) { last = v }); err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return last
}

func TestAnActIsDoneOnceAndVerified(t *testing.T) {
	for name, act := range map[string]*fakeAct{
		"at once":                        {},
		"with its answer lost":           {lost: 1},
		"with its request lost":          {drop: 1},
		"with three requests lost":       {drop: 3},
		"with both, one after the other": {drop: 1, lost: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			got := w.doAct(w.askRestart(), restarts("gitea", act))
			if got.Outcome != change.Verified || act.n != 1 || w.ours() != 0 || got.Rollout.Ready != 2 {
				t.Errorf("got %s after %d restarts and %d commits: %+v", got.Outcome, act.n, w.ours(), got.Refused)
			}
			for _, s := range got.Steps {
				if s.Name != change.StepApprove && s.State != change.Done {
					t.Errorf("the step %s is %s", s.Name, s.State)
				}
			}
		})
	}
}

// The process is killed when each step has begun, and when it has ended, with the answer lost on the way or not.
func TestAKilledActIsDoneOnce(t *testing.T) {
	for _, step := range []string{change.StepPlan, change.StepAct, change.StepVerify} {
		for _, state := range []change.StepState{change.Running, change.Done} {
			for lost := range 2 {
				t.Run(fmt.Sprintf("%s %s, lost %d", step, state, lost), func(t *testing.T) {
					w, act := newWorld(t), &fakeAct{lost: lost}
					op := w.askRestart()
					ctx, kill := context.WithCancelCause(t.Context())
					_ = w.engine().Run(ctx, op, restarts("gitea", act), func(v change.View) {
						if stateOf(v, step) == state {
							kill(errStop)
						}
					})
					kill(nil)
					if got := w.doAct(op, restarts("gitea", act)); got.Outcome != change.Verified || act.n != 1 {
						t.Errorf("got %s after %d restarts, want verified after one", got.Outcome, act.n)
					}
				})
			}
		}
	}
}

func TestWhatStandsInTheWayOfAnAct(t *testing.T) {
	no := refusal.New(refusal.ArgoCD, "argocd.refused", nil)
	tests := map[string]struct {
		app     string
		act     *fakeAct
		arrange func(*world)
		outcome change.Outcome
		key     string
		n       int
	}{
		"no such app":        {app: "gitae", outcome: change.Refused, key: "refused.no-app-near"},
		"nothing to restart": {app: "gitea", act: &fakeAct{look: no}, outcome: change.Refused, key: no.Key},
		"a refusal":          {app: "gitea", act: &fakeAct{err: no}, outcome: change.Refused, key: no.Key},
		"all requests lost":  {app: "gitea", act: &fakeAct{drop: 99}, outcome: change.Failed, key: "failed.unknown-act"},
		"a freeze": {app: "gitea", arrange: func(w *world) {
			if err := w.journal.Freeze(w.t.Context(), "web:dave", "the fair"); err != nil {
				w.t.Fatal(err)
			}
		}, outcome: change.Refused, key: "refused.frozen"},
		"the gate": {app: "gitea", arrange: func(w *world) {
			w.gate = fakeGate{err: refusal.New(refusal.Role, "refused.no-other-admin", nil)}
		}, outcome: change.Refused, key: "refused.no-other-admin"},
		"pods that cannot run": {app: "gitea", arrange: func(w *world) {
			w.cluster.rollouts = []k8sops.Rollout{{Failure: &k8sops.Failure{Code: k8sops.PullFails, Pod: "gitea-x"}}}
		}, outcome: change.Failed, key: "failed.pull", n: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.arrange != nil {
				test.arrange(w)
			}
			act := test.act
			if act == nil {
				act = &fakeAct{}
			}
			got := w.doAct(w.askRestart(), restarts(test.app, act))
			if got.Outcome != test.outcome || got.Refused == nil || got.Refused.Key != test.key || act.n != test.n {
				t.Errorf("got %s (%+v) after %d restarts, want %s with %s after %d", got.Outcome, got.Refused, act.n, test.outcome, test.key, test.n)
			}
		})
	}
}

// A protected app is a danger, whatever is done to it; and the approval is bound to it.
func TestAProtectedAppIsRestartedAfterAnApproval(t *testing.T) {
	w := newWorld(t)
	w.argo.app.Resources[1].Name = "postgres"
	w.gate = fakeGate{err: change.ErrNeedsApproval}
	act, engine := &fakeAct{}, w.engine()
	var last change.View
	err := engine.Run(t.Context(), w.askRestart(), restarts("postgres", act), func(v change.View) {
		last = v
		if v.Outcome == change.Awaiting && act.n == 0 {
			if err := engine.Decide(v.Operation, change.Decision{Answer: change.Approve, By: "web:dave", Name: "dave"}); err != nil && !errors.Is(err, change.ErrNotWaiting) {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if last.Outcome != change.Verified || last.Plan.Class != change.Danger || last.Plan.Effects[0].Code != change.Protected || act.n != 1 {
		t.Errorf("got %s of class %s after %d restarts", last.Outcome, last.Plan.Class, act.n)
	}
}
