package change

import (
	"context"
	"errors"
	"sync"
	"time"

	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// Decider is who has to decide about a plan.
type Decider string

// The deciders.
const (
	ByAnother Decider = ""      // another admin
	ByAsker   Decider = "asker" // the asker again, where there is no other admin
)

// patience is how long a plan waits for each.
var patience = map[Decider]time.Duration{ByAnother: 10 * time.Minute, ByAsker: time.Minute}

func deciderOf(err error) Decider {
	if errors.Is(err, ErrNeedsConfirmation) {
		return ByAsker
	}
	return ByAnother
}

// ErrNotWaiting means that an operation waits for no decision.
var ErrNotWaiting = errors.New("the operation waits for no decision")

// Decision is what a person says to a plan that waits.
type Decision struct {
	Answer Answer `json:"answer"`
	// By is who decided, as platform:id.
	By string `json:"by"`
	// Name is how that person is called.
	Name string `json:"name"`
}

// Answer is yes, no, or never mind.
type Answer string

// The answers.
const (
	Approve  Answer = "approve"
	Confirm  Answer = "confirm" // of the asker, where there is no other admin
	Decline  Answer = "refuse"
	Withdraw Answer = "cancel"
)

// decisions brings answers to the operations that wait for them.
type decisions struct {
	mu  sync.Mutex
	ops map[string]expected
}

// expected is a decision that an operation waits for.
type expected struct {
	by     Decider
	answer chan Decision
}

func newDecisions() *decisions { return &decisions{ops: map[string]expected{}} }

func (d *decisions) expect(op string, by Decider) (answer <-chan Decision, forget func()) {
	ch := make(chan Decision, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops[op] = expected{by: by, answer: ch}
	return ch, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.ops, op)
	}
}

// Decide hands a decision to the operation that waits for it, or returns ErrNotWaiting. The first decision counts.
func (e *Engine) Decide(op string, d Decision) error {
	e.waiting.mu.Lock()
	defer e.waiting.mu.Unlock()
	waits, ok := e.waiting.ops[op]
	if !ok || (d.Answer == Approve && waits.by != ByAnother) || (d.Answer == Confirm && waits.by != ByAsker) {
		return ErrNotWaiting
	}
	delete(e.waiting.ops, op)
	waits.answer <- d
	return nil
}

// await waits for a decision about the plan and returns the hash of what was approved.
func (r *run) await(ctx context.Context, by Decider) (hash string, err error) {
	answers, forget := r.waiting.expect(r.op.ID, by)
	defer forget()
	if err := r.intend(ctx, StepApprove, nil); err != nil {
		return "", err
	}
	if err := r.claim.Wait(ctx); err != nil {
		return "", err
	}
	r.view.Outcome, r.view.Decider = Awaiting, by
	r.show(r.view)
	d, err := r.decision(ctx, answers)
	r.view.Decision = d
	if err != nil {
		return "", r.decline(ctx, d, err)
	}
	r.view.Outcome = Going
	if err := r.claim.Allow(ctx, journal.Entry{Actor: d.By, Detail: r.view.Plan.Hash}); err != nil {
		return "", err
	}
	return r.view.Plan.Hash, r.done(ctx, StepApprove, d)
}

// decline journals that nobody agreed: that somebody said no, in that person's name, or that nobody decided in time.
func (r *run) decline(ctx context.Context, d Decision, err error) error {
	if d.By == "" {
		return r.fail(ctx, StepApprove, err)
	}
	entry := journal.Entry{Actor: d.By, Operation: r.op.ID, Event: "refused", Code: string(refusal.Role), Detail: string(d.Answer)}
	if audit := r.Journal.Audit(ctx, entry); audit != nil {
		return errors.Join(audit, err)
	}
	return r.failWith(ctx, StepApprove, d, err)
}

func (r *run) decision(ctx context.Context, answers <-chan Decision) (Decision, error) {
	late := time.NewTimer(r.view.began(StepApprove).Add(patience[r.view.Decider]).Sub(r.Now()))
	defer late.Stop()
	select {
	case d := <-answers:
		switch d.Answer {
		case Approve, Confirm:
			return d, nil
		case Decline:
			return d, refusal.New(refusal.Role, "refused.declined", lang.With{"Who": d.Name})
		case Withdraw:
			return d, refusal.New(refusal.Role, "refused.withdrawn", lang.With{"Who": d.Name})
		}
		return d, refusal.New(refusal.Internal, "failed.internal", lang.With{"Reference": r.op.ID})
	case <-late.C:
		return Decision{}, refusal.New(refusal.Expired, "refused.expired", nil, r.op.Request)
	case <-ctx.Done():
		return Decision{}, ctx.Err()
	}
}

func (v *View) began(name string) time.Time {
	for _, s := range v.Steps {
		if s.Name == name {
			return s.Began
		}
	}
	return time.Time{}
}
