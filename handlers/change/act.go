package change

import (
	"context"
	"errors"
	"slices"

	"rtbot/gitops"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// planAct plans what is no commit: what it is about, and its class.
func (p planner) planAct(ctx context.Context, req Request) (Plan, error) {
	made := Plan{Act: req.Verb}
	if req.App.Name != "" {
		app, err := p.resolve(req)
		if err != nil {
			return Plan{}, err
		}
		made.App = app
		if slices.Contains(p.policy().Own, app.Name) {
			return Plan{}, refusal.New(refusal.Own, "refused.own", lang.With{"App": app.Name})
		}
		if slices.Contains(p.policy().Protected, app.Name) {
			made.Effects = []Effect{{Code: Protected, Object: app.String()}}
		}
	}
	var err error
	if made.Sight, err = req.Act.Look(ctx, made.App); err != nil {
		return Plan{}, err
	}
	made.Class = classify(made.Effects)
	made.Hash = made.sum()
	return made, nil
}

// act does the act. What was seen before the first try is kept: after a lost answer it tells whether it was done.
func (r *run) act(ctx context.Context, plan Plan) error {
	if r.sent.Sight == (Sight{}) {
		r.sent.Sight = plan.Sight
	}
	if err := r.intend(ctx, StepAct, r.sent); err != nil {
		return err
	}
	err := r.req.Act.Do(ctx, plan.App, r.sent.Sight)
	if errors.Is(err, gitops.ErrOutcomeUnknown) {
		return err
	}
	if err != nil {
		return r.fail(ctx, StepAct, err)
	}
	return r.acted(ctx)
}

func (r *run) acted(ctx context.Context) error {
	r.view.Plan.Sight = r.sent.Sight
	return r.done(ctx, StepAct, nil)
}

// looks is how often an act whose answer was lost is looked for.
const looks = 6

// adoptAct looks whether the act was done whose answer was lost.
func (r *run) adoptAct(ctx context.Context) (found bool, err error) {
	for n := range looks {
		done, err := r.req.Act.Done(ctx, r.view.Plan.App, r.sent.Sight)
		if err == nil && done {
			r.view.Stale = nil
			return true, r.acted(ctx)
		}
		if err != nil && n == looks-1 {
			return false, refusal.New(refusal.Changed, "failed.unknown-act", nil, "ops "+r.op.ID)
		}
		if err := pause(ctx, r.Lateness/looks); err != nil {
			return false, err
		}
	}
	return false, nil
}

// followAct waits until what was acted on is as it should be.
func (r *run) followAct(ctx context.Context) error {
	if f, ok := r.req.Act.(follower); ok {
		return f.Follow(ctx, r.view.Plan.Sight)
	}
	if s, ok := r.req.Act.(settler); ok {
		if err := s.Settle(ctx, r.view.Plan.App, r.view.Plan.Sight); err != nil {
			return err
		}
	}
	return r.verify(ctx)
}
