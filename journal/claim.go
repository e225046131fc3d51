package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrLost means that somebody else has taken the operation over: whoever gets it must stop and touch nothing.
var ErrLost = errors.New("the operation was taken over")

// Claim is the right to work on one operation. Every write through it carries its fencing number: once another claim was
// made, all of them fail with ErrLost.
type Claim struct {
	j     *Journal
	op    string
	epoch int64
}

// Claim takes an operation over and returns it as it stands. An operation that has ended can be claimed and no longer
// changed.
func (j *Journal) Claim(ctx context.Context, operation string) (*Claim, Operation, error) {
	c := &Claim{j: j, op: operation}
	err := j.db.QueryRowContext(ctx, `UPDATE operations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch`, operation).Scan(&c.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Operation{}, fmt.Errorf("claim %s: %w", operation, ErrNotFound)
	}
	if err != nil {
		return nil, Operation{}, fmt.Errorf("claim %s: %w", operation, err)
	}
	op, err := j.Operation(ctx, operation)
	return c, op, err
}

// Plan stores what is going to be done.
func (c *Claim) Plan(ctx context.Context, plan []byte) error {
	return c.write(ctx, "store plan", `plan = $3`, []any{string(plan)}, nil)
}

// Wait marks the operation as waiting for somebody's decision.
func (c *Claim) Wait(ctx context.Context) error {
	return c.write(ctx, "wait", `state = 'waiting'`, nil, nil)
}

// Allow records the decision that the operation may go on, in the name of who decided.
func (c *Claim) Allow(ctx context.Context, e Entry) error {
	e.Event = "allowed"
	return c.write(ctx, "allow", `state = 'running'`, nil, &e)
}

// End closes the operation with its outcome and the last state of its plan.
func (c *Claim) End(ctx context.Context, outcome string, plan []byte, e Entry) error {
	return c.write(ctx, "end", `state = 'ended', outcome = $3, plan = $4, ended_at = $5`,
		[]any{outcome, string(plan), millis(c.j.now())}, &e)
}

// Intend stores that a step is about to be done, with what is needed to find out later whether it was. A step that was
// intended before keeps its beginning.
func (c *Claim) Intend(ctx context.Context, step string, detail []byte) error {
	return c.step(ctx, "intent", step, detail, `INSERT INTO steps (operation, name, state, detail, began_at, ended_at)
		VALUES ($1, $2, 'intended', $3, $4, 0) ON CONFLICT (operation, name) DO UPDATE SET state = 'intended', detail = $3`)
}

// Done stores a step's outcome.
func (c *Claim) Done(ctx context.Context, step string, detail []byte) error {
	return c.step(ctx, "outcome", step, detail, `UPDATE steps SET state = 'done', detail = $3, ended_at = $4
		WHERE operation = $1 AND name = $2`)
}

// Fail stores that a step did not succeed.
func (c *Claim) Fail(ctx context.Context, step string, detail []byte) error {
	return c.step(ctx, "failure", step, detail, `UPDATE steps SET state = 'failed', detail = $3, ended_at = $4
		WHERE operation = $1 AND name = $2`)
}

// step writes one step under the fence, with its row in the audit.
func (c *Claim) step(ctx context.Context, event, step string, detail []byte, query string) error {
	err := c.j.tx(ctx, func(tx *sql.Tx) error {
		if err := c.fence(ctx, tx, `epoch = epoch`, nil); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, query, c.op, step, string(detail), millis(c.j.now())); err != nil {
			return err
		}
		return c.j.audit(ctx, tx, Entry{Actor: "bot", Operation: c.op, Event: event, Code: step, Detail: string(detail)})
	})
	if err != nil {
		return fmt.Errorf("%s of %s in %s: %w", event, step, c.op, err)
	}
	return nil
}

// write changes the operation's own row under the fence.
func (c *Claim) write(ctx context.Context, doing, set string, args []any, e *Entry) error {
	err := c.j.tx(ctx, func(tx *sql.Tx) error {
		if err := c.fence(ctx, tx, set, args); err != nil || e == nil {
			return err
		}
		e.Operation = c.op
		return c.j.audit(ctx, tx, *e)
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, c.op, err)
	}
	return nil
}

func (c *Claim) fence(ctx context.Context, tx *sql.Tx, set string, args []any) error {
	//nolint:gosec // set is a constant of this package, and its values are arguments
	done, err := tx.ExecContext(ctx, `UPDATE operations SET `+set+` WHERE id = $1 AND epoch = $2 AND state <> 'ended'`,
		append([]any{c.op, c.epoch}, args...)...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLost
	}
	return nil
}
