package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rtbot/handlers/refusal"
)

// step journals a stage around its doing: the intent before, the outcome after. A stage that was done before is passed
// over.
func (r *run) step(ctx context.Context, name string, do func(context.Context) error) error {
	if r.view.state(name) == Done {
		return nil
	}
	if err := r.intend(ctx, name, nil); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return r.fail(ctx, name, err)
	}
	return r.done(ctx, name, nil)
}

func (r *run) intend(ctx context.Context, name string, intent any) error {
	detail, err := json.Marshal(intent)
	if err != nil {
		return fmt.Errorf("store intent of %s: %w", name, err)
	}
	if err := r.claim.Intend(ctx, name, detail); err != nil {
		return err
	}
	r.view.mark(name, Running, r.Now(), time.Time{})
	r.show(r.view)
	return nil
}

func (r *run) done(ctx context.Context, name string, outcome any) error {
	detail, err := json.Marshal(outcome)
	if err != nil {
		return fmt.Errorf("store outcome of %s: %w", name, err)
	}
	if err := r.claim.Done(ctx, name, detail); err != nil {
		return err
	}
	r.view.mark(name, Done, time.Time{}, r.Now())
	r.show(r.view)
	return nil
}

// fail journals that a step ended badly, where that is certain; an interruption leaves it open, to be taken up again.
func (r *run) fail(ctx context.Context, name string, err error) error {
	refused, worded := refusal.Of(err)
	if !worded {
		return err
	}
	return r.failWith(ctx, name, refused, err)
}

// failWith journals that a step ended badly, with what is to be known of it.
func (r *run) failWith(ctx context.Context, name string, why any, err error) error {
	detail, jsonErr := json.Marshal(why)
	if jsonErr != nil {
		return fmt.Errorf("store failure of %s: %w", name, jsonErr)
	}
	if stored := r.claim.Fail(ctx, name, detail); stored != nil {
		return errors.Join(stored, err)
	}
	r.view.mark(name, Broken, time.Time{}, r.Now())
	return err
}
