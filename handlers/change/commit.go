package change

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rtbot/gitops"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// errAlready means that there is nothing to change.
var errAlready = errors.New("already so")

// ErrNeedsApproval means that somebody else must agree before a plan is done.
var ErrNeedsApproval = errors.New("needs an approval")

// ErrNeedsConfirmation means that there is nobody else to agree, and that the asker must say again that it is meant.
var ErrNeedsConfirmation = errors.New("needs a confirmation")

// mostAttempts is how often a commit is tried where others keep pushing in between.
const mostAttempts = 5

// write plans, has the plan decided and commits it, until one commit stands on the branch; or does the act, once.
func (r *run) write(ctx context.Context) error {
	if found, err := r.written(ctx); found || err != nil {
		return err
	}
	agreed := r.agreed()
	for range mostAttempts {
		err := r.attempt(ctx, agreed)
		switch {
		case errors.Is(err, ErrNeedsApproval), errors.Is(err, ErrNeedsConfirmation):
			if agreed, err = r.await(ctx, deciderOf(err)); err != nil {
				return err
			}
		case errors.Is(err, gitops.ErrMoved), errors.Is(err, gitops.ErrOutcomeUnknown):
			if found, err := r.adopt(ctx); found || err != nil {
				return err
			}
		default:
			return err
		}
	}
	return r.givenUp()
}

// givenUp is why nothing was done after so many tries.
func (r *run) givenUp() error {
	if r.req.Act != nil {
		return refusal.New(refusal.Changed, "failed.unknown-act", nil, "ops "+r.op.ID)
	}
	return refusal.New(refusal.Changed, "refused.branch-busy", lang.With{"Attempts": mostAttempts})
}

// written finds what an earlier process did, where one had begun to commit or to act. Where there is nothing, whoever asked
// must still have the right to.
func (r *run) written(ctx context.Context) (bool, error) {
	if r.view.state(StepCommit) == Running || r.view.state(StepAct) == Running {
		if found, err := r.adopt(ctx); found || err != nil {
			return found, err
		}
	}
	return false, r.permitted(ctx)
}

// agreed is the hash of the plan that somebody approved.
func (r *run) agreed() string {
	if r.view.state(StepApprove) != Done {
		return ""
	}
	return r.view.Plan.Hash
}

// attempt makes one plan and one commit, with nobody else of ours writing in between.
func (r *run) attempt(ctx context.Context, agreed string) error {
	unlock, err := r.lockBranch(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	plan, err := r.plan(ctx)
	if err != nil {
		return err
	}
	if err := r.thawed(ctx); err != nil {
		return err
	}
	if plan.Hash != agreed {
		if err := r.decide(ctx, plan, agreed); err != nil {
			return err
		}
	}
	if err := r.permitted(ctx); err != nil {
		return err
	}
	if r.req.Act != nil {
		return r.act(ctx, plan)
	}
	return r.commit(ctx, plan)
}

// permitted asks whether whoever asked, and whoever agreed, may still do so.
func (r *run) permitted(ctx context.Context) error {
	approver := ""
	if r.view.state(StepApprove) == Done {
		approver = r.view.Decision.By
	}
	return r.Gate.Permit(ctx, r.op.Asker, approver)
}

// thawed refuses while changes are stopped, also what was approved before.
func (r *run) thawed(ctx context.Context) error {
	f, frozen, err := r.Journal.Frozen(ctx)
	if err != nil || !frozen {
		return err
	}
	return refusal.New(refusal.Frozen, "refused.frozen", lang.With{"Who": r.Name(f.By), "Reason": f.Reason}, "unfreeze")
}

// plan makes the plan, or makes it anew on a head that moved: then the same value must still be what is changed.
func (r *run) plan(ctx context.Context) (Plan, error) {
	before, again := r.view.Plan, r.view.state(StepPlan) == Done
	if !again {
		if err := r.intend(ctx, StepPlan, nil); err != nil {
			return Plan{}, err
		}
	}
	made, err := r.found(ctx)
	if err == nil && again && !made.Already() && made.Old != before.Old {
		err = refusal.New(refusal.Changed, "refused.changed", lang.With{
			"Field": made.Field, "Before": before.Old, "Now": made.Old, "Path": made.Path, "Line": made.Line,
		}, r.op.Request)
	}
	if err != nil {
		return Plan{}, r.fail(ctx, StepPlan, err)
	}
	r.view.Plan = made
	if made.Already() {
		err = errAlready
	}
	if again {
		return made, err
	}
	return made, errors.Join(r.planned(ctx), err)
}

// found makes a plan of what was asked for, which may have to be looked up first.
func (r *run) found(ctx context.Context) (Plan, error) {
	if r.req.Find == nil {
		return r.planner.plan(ctx, r.req)
	}
	req, err := r.req.Find(ctx, r.op)
	if err != nil {
		return Plan{}, err
	}
	return r.planner.plan(ctx, req)
}

func (r *run) planned(ctx context.Context) error {
	kept, err := json.Marshal(record{Plan: r.view.Plan})
	if err != nil {
		return fmt.Errorf("store plan of %s: %w", r.op.ID, err)
	}
	if err := r.claim.Plan(ctx, kept); err != nil {
		return err
	}
	return r.done(ctx, StepPlan, nil)
}

// decide asks the gate. A plan that is no longer what somebody approved is refused, whatever the gate would say.
func (r *run) decide(ctx context.Context, plan Plan, agreed string) error {
	if agreed != "" {
		return refusal.New(refusal.Changed, "refused.approval-void", lang.With{"Path": plan.Path}, r.op.Request)
	}
	if err := r.Gate.Decide(ctx, r.op.Asker, plan); err != nil {
		return err
	}
	return r.claim.Allow(ctx, journal.Entry{Actor: r.op.Asker, Detail: plan.Hash})
}

// intent is what the journal knows of a commit before it was sent, where to look for it; and of an act, what it changes.
type intent struct {
	Since string `json:"since,omitempty"`
	Sight Sight  `json:"sight,omitzero"`
}

func (r *run) commit(ctx context.Context, plan Plan) error {
	if r.sent.Since == "" {
		r.sent.Since = plan.Head
	}
	if err := r.intend(ctx, StepCommit, r.sent); err != nil {
		return err
	}
	made, err := r.Repository.Commit(ctx, gitops.Change{
		Head: plan.Head, Files: plan.edited.Files, Deleted: plan.edited.Deleted,
		Headline: fmt.Sprintf("%s: set %s from %s to %s", plan.App.Name, plan.Field, plan.Old, plan.New),
		Body: fmt.Sprintf("Rt-Request: %s\nRequested-by: %s (%s)\n%s: %s", r.op.Request,
			r.Name(r.op.Asker), r.op.Asker, trailer, r.signature()),
	})
	if err != nil {
		return r.failCommit(ctx, err)
	}
	return r.committed(ctx, made)
}

// failCommit sorts out a commit that did not come back well: moved and unknown are tried again, the rest is final.
func (r *run) failCommit(ctx context.Context, err error) error {
	if errors.Is(err, gitops.ErrMoved) || errors.Is(err, gitops.ErrOutcomeUnknown) {
		return err
	}
	return r.fail(ctx, StepCommit, refuseGitHub(err))
}

func (r *run) committed(ctx context.Context, made gitops.Commit) error {
	r.view.Commit = made
	return r.done(ctx, StepCommit, made)
}

// adopt looks on the branch for this operation's own commit, whose answer was lost, and goes on from it. An act whose
// answer was lost is looked for in the same way.
func (r *run) adopt(ctx context.Context) (found bool, err error) {
	if r.req.Act != nil {
		return r.adoptAct(ctx)
	}
	for wait := time.Second; ; wait *= 2 {
		made, found, err := r.Repository.FindTrailer(ctx, r.sent.Since, trailer, r.signature())
		if err == nil {
			r.view.Stale = nil
			if !found {
				return false, nil
			}
			return true, r.committed(ctx, made)
		}
		if wait > time.Minute {
			return false, r.fail(ctx, StepCommit, refusal.New(refusal.GitHub, "failed.unknown-commit", nil, "ops "+r.op.ID))
		}
		r.stale(refusal.New(refusal.GitHub, "stale.github", nil))
		if err := pause(ctx, wait); err != nil {
			return false, err
		}
	}
}

// trailer is the line of a commit message by which the bot knows its own commits.
const trailer = "Rt-Operation"

// signature names the operation in a way that nobody else can forge.
func (r *run) signature() string { return r.sign(r.op.ID) }

func (e *Engine) sign(operation string) string {
	mac := hmac.New(sha256.New, e.Key)
	mac.Write([]byte(operation))
	return operation + "." + hex.EncodeToString(mac.Sum(nil)[:16])
}
