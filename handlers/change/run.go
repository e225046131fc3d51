package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// run is one operation being carried out.
type run struct {
	*Engine
	claim *journal.Claim
	op    journal.Operation
	req   Request
	show  func(View)
	view  View
	// sent is what the journal knows of this operation's first try to commit or to act.
	sent intent
	// without are revisions that are known not to contain the commit.
	without map[string]bool
}

// record is what the journal keeps of a plan and an ending, beside the operation's own columns.
type record struct {
	Plan    Plan           `json:"plan"`
	Refused *refusal.Error `json:"refused,omitempty"`
}

// Recall makes the picture of an operation from what the journal says of it.
func Recall(op journal.Operation) (View, error) {
	v := View{Operation: op.ID, Request: op.Request, Outcome: Outcome(op.Outcome), Steps: pending(stepsOfCommit)}
	if len(op.Plan) > 0 {
		var kept record
		if err := json.Unmarshal(op.Plan, &kept); err != nil {
			return View{}, fmt.Errorf("read plan of %s: %w", op.ID, err)
		}
		v.Plan, v.Refused = kept.Plan, kept.Refused
	}
	if v.Plan.Act != "" {
		v.Steps = pending(stepsOfAct)
	}
	for _, s := range op.Steps {
		v.mark(s.Name, stepStates[s.State], s.BeganAt, s.EndedAt)
		if err := v.recall(s); err != nil {
			return View{}, fmt.Errorf("read %s of %s: %w", s.Name, op.ID, err)
		}
	}
	return v, nil
}

// recall takes up what a step left behind: who decided, and the commit.
func (v *View) recall(s journal.Step) error {
	switch {
	case s.Name == StepCommit && s.State == journal.Done:
		return json.Unmarshal(s.Detail, &v.Commit)
	case s.Name == StepApprove && s.State != journal.Intended:
		return json.Unmarshal(s.Detail, &v.Decision)
	}
	return nil
}

// sought is where the commit of an operation is looked for that may have been sent before, or what its act was to change.
func sought(op journal.Operation) (sent intent, err error) {
	for _, s := range op.Steps {
		if (s.Name == StepCommit || s.Name == StepAct) && s.State == journal.Intended {
			err := json.Unmarshal(s.Detail, &sent)
			return sent, err
		}
	}
	return intent{}, nil
}

var stepStates = map[journal.StepState]StepState{journal.Intended: Running, journal.Done: Done, journal.Failed: Broken}

// carryOut goes through the steps that are left. It returns nil when the change is verified.
func (r *run) carryOut(ctx context.Context) error {
	if !r.view.done() {
		if err := r.write(ctx); err != nil {
			return err
		}
	}
	follow, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	var err error
	if r.req.Act != nil {
		err = r.step(follow, StepVerify, r.followAct)
	} else {
		err = r.follow(follow)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return refusal.New(refusal.ArgoCD, "failed.patience", nil)
	}
	return err
}

// end closes the operation, unless it was only interrupted: by the end of ctx, or by another process that took it over.
func (r *run) end(ctx context.Context, err error) error {
	if err != nil && (ctx.Err() != nil || errors.Is(err, journal.ErrLost)) {
		return err
	}
	fault := r.judge(err)
	r.view.Stale = nil
	kept, jsonErr := json.Marshal(record{Plan: r.view.Plan, Refused: r.view.Refused})
	if jsonErr != nil {
		return fmt.Errorf("store ending of %s: %w", r.op.ID, jsonErr)
	}
	entry := journal.Entry{Actor: "bot", Event: "ended", Detail: string(r.view.Outcome)}
	if r.view.Refused != nil {
		entry.Code = string(r.view.Refused.Code)
	}
	if err := r.claim.End(ctx, string(r.view.Outcome), kept, entry); err != nil {
		return errors.Join(err, fault)
	}
	r.show(r.view)
	return fault
}

// judge sets the outcome. What is no clear answer for the asker becomes a fault of the bot, which comes back to be logged.
func (r *run) judge(err error) (fault error) {
	if err == nil {
		r.view.Outcome = Verified
		return nil
	}
	if errors.Is(err, errAlready) {
		r.view.Outcome = Already
		return nil
	}
	refused, worded := refusal.Of(err)
	if !worded {
		refused = refusal.New(refusal.Internal, "failed.internal", lang.With{"Reference": r.op.ID})
		fault = err
	}
	r.view.Refused, r.view.Outcome = refused, Refused
	if r.view.done() || r.view.state(StepAct) == Running { // it may have been done
		r.view.Outcome = Failed
	}
	return fault
}
