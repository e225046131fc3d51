package change_test

import (
	"context"
	"errors"
	"testing"

	"rtbot/chat"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
)

// staff are the people of a world, as they can be replaced while an operation waits.
type staff struct {
	team  *handlers.Team
	vouch error
}

func people(roles map[string]handlers.Role) handlers.People {
	var p handlers.People
	for name, role := range roles {
		p.Known = append(p.Known, handlers.Person{Name: name, Role: role, Accounts: map[string]string{"web": name}})
	}
	return p
}

// hire gives a world the real gate, with alice who asks, and dave and erin who approve.
func (w *world) hire() *staff {
	s := &staff{team: handlers.NewTeam(people(map[string]handlers.Role{"alice": handlers.Operator, "dave": handlers.Admin, "erin": handlers.Admin}))}
	w.gate = handlers.Gate{Team: s.team, Vouch: func(context.Context, chat.User) error { return s.vouch }}
	return s
}

// scaleDown asks for what is dangerous, and returns the operation.
func (w *world) scaleDown() (op string, req change.Request) { return w.ask("k"), request("gitea", 0) }

var approval = change.Decision{Answer: change.Approve, By: "web:dave", Name: "dave"}

// Whoever loses a right loses what waits for it: neither an approval nor a restart carries it over.
func TestRightsAreAskedForAgainBeforeTheCommit(t *testing.T) {
	asker := map[string]handlers.Role{"alice": handlers.Viewer, "dave": handlers.Admin, "erin": handlers.Admin}
	tests := map[string]struct {
		withdraw func(*world, *staff)
		key      string
	}{
		"nothing is withdrawn":      {func(*world, *staff) {}, ""},
		"the asker only reads now":  {func(_ *world, s *staff) { s.team.Set(people(asker)) }, "refused.rights-asker"},
		"the asker is not known":    {func(_ *world, s *staff) { s.team.Set(people(map[string]handlers.Role{"dave": handlers.Admin})) }, "refused.rights-asker"},
		"the asker became a guest":  {func(_ *world, s *staff) { s.vouch = refusal.New(refusal.Role, "refused.outsider", nil) }, "refused.outsider"},
		"nobody can tell who it is": {func(_ *world, s *staff) { s.vouch = refusal.New(refusal.Role, "refused.unvouched", nil) }, "refused.unvouched"},
		"changes are stopped": {func(w *world, _ *staff) {
			if err := w.journal.Freeze(w.t.Context(), "web:erin", "the fair opens"); err != nil {
				w.t.Error(err)
			}
		}, "refused.frozen"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.hire()
			op, req := w.scaleDown()
			engine := w.engine()
			var last change.View
			waited := false
			err := engine.Run(t.Context(), op, req, func(v change.View) {
				if last = v; v.Outcome == change.Awaiting && !waited {
					waited = true
					test.withdraw(w, s)
					if err := engine.Decide(op, approval); err != nil {
						t.Error(err)
					}
				}
			})
			w.ended(op, last, err, test.key)
		})
	}
}

// ended checks that an operation was done, or refused with a key, without an effect and for good.
func (w *world) ended(op string, last change.View, err error, key string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	got, want := "", 1
	if last.Refused != nil {
		got = last.Refused.Key
	}
	if key != "" {
		want = 0
	}
	if got != key || w.ours() != want {
		w.t.Errorf("got %s (%q) and %d commits, want %q and %d", last.Outcome, got, w.ours(), key, want)
	}
	if stored, err := w.journal.Operation(w.t.Context(), op); err != nil || stored.State != journal.Ended {
		w.t.Errorf("the operation is %s, error %v", stored.State, err)
	}
}

// A process that finds an operation asks again who may have it, whatever was agreed to before.
func TestRightsAreAskedForAgainAfterARestart(t *testing.T) {
	tests := map[string]struct {
		until    change.StepState // of the approval, when the process is killed
		withdraw map[string]handlers.Role
		key      string
	}{
		"nothing is withdrawn": {change.Done, map[string]handlers.Role{"alice": handlers.Operator, "dave": handlers.Admin}, ""},
		"the asker was let go while it waited": {
			change.Running, map[string]handlers.Role{"dave": handlers.Admin, "erin": handlers.Admin}, "refused.rights-asker",
		},
		"the approver only asks now": {
			change.Done, map[string]handlers.Role{"alice": handlers.Operator, "dave": handlers.Operator}, "refused.rights-approver",
		},
		"the approver was let go": {change.Done, map[string]handlers.Role{"alice": handlers.Operator}, "refused.rights-approver"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.hire()
			op, req := w.scaleDown()
			engine := w.engine()
			ctx, kill := context.WithCancelCause(t.Context())
			err := engine.Run(ctx, op, req, func(v change.View) {
				if v.Outcome == change.Awaiting && test.until == change.Done {
					_ = engine.Decide(op, approval) // a second one is turned away
				}
				if stateOf(v, change.StepApprove) == test.until && (test.until == change.Done || v.Outcome == change.Awaiting) {
					kill(errStop)
				}
			})
			kill(nil)
			if err == nil {
				t.Fatal("it ended before the process was killed")
			}
			s.team.Set(people(test.withdraw))
			var last change.View
			err = w.engine().Run(t.Context(), op, req, func(v change.View) { last = v })
			w.ended(op, last, err, test.key)
		})
	}
}

// What is in Git is followed to its end, whoever has left meanwhile.
func TestACommitIsFollowedWhoeverLeft(t *testing.T) {
	w := newWorld(t)
	s := w.hire()
	op := w.ask("k")
	var last change.View
	err := w.engine().Run(t.Context(), op, request("gitea", 2), func(v change.View) {
		if last = v; stateOf(v, change.StepCommit) == change.Done {
			s.team.Set(people(map[string]handlers.Role{"dave": handlers.Admin}))
		}
	})
	if err != nil || last.Outcome != change.Verified || w.ours() != 1 {
		t.Errorf("got %s, error %v and %d commits", last.Outcome, err, w.ours())
	}
}

func TestWhoDecidedIsRemembered(t *testing.T) {
	for _, answer := range []change.Answer{change.Approve, change.Decline, change.Withdraw} {
		w := newWorld(t)
		w.gate = fakeGate{err: change.ErrNeedsApproval}
		want := change.Decision{Answer: answer, By: "web:dave", Name: "dave"}
		op := w.ask("k")
		w.decideWhen(op, want, func() {})
		stored, err := w.journal.Operation(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := change.Recall(stored); err != nil || v.Decision != want {
			t.Errorf("%s: got %+v, error %v", answer, v.Decision, err)
		}
	}
	if _, err := change.Recall(journal.Operation{Steps: []journal.Step{{Name: change.StepApprove, State: journal.Done, Detail: []byte("?")}}}); err == nil {
		t.Error(errors.New("what cannot be read was taken for a decision"))
	}
}
