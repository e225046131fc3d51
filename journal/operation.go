package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Operation is one change that somebody asked for.
type Operation struct {
	ID       string
	Delivery string
	NewOperation
	State State
	// Outcome says how it ended, in the words of the card's states; empty while it has not.
	Outcome string
	// Plan is what was planned, as its maker stored it.
	Plan      []byte
	CreatedAt time.Time
	EndedAt   time.Time
	// Steps are in the order in which they began.
	Steps []Step
}

// State is how far an operation is.
type State string

// The states of an operation.
const (
	Running State = "running" // going on
	Waiting State = "waiting" // waits for a person's decision
	Ended   State = "ended"
)

// Step is one stage of an operation: its intent is stored before anything is done, its outcome after.
type Step struct {
	Name    string
	State   StepState
	Detail  []byte
	BeganAt time.Time
	EndedAt time.Time
}

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	Intended StepState = "intended" // it may have been done, wholly or not at all
	Done     StepState = "done"
	Failed   StepState = "failed"
)

const selectOperation = `SELECT id, delivery, verb, app, request, asker, state, outcome, plan, created_at, ended_at FROM operations`

// Operation returns the operation of that number with its steps, or ErrNotFound.
func (j *Journal) Operation(ctx context.Context, id string) (Operation, error) {
	op, err := readOperation(j.db.QueryRowContext(ctx, selectOperation+` WHERE id = $1`, id))
	if err != nil {
		return Operation{}, err
	}
	op.Steps, err = j.steps(ctx, id)
	return op, err
}

// Operations returns the newest n operations, newest first, without their steps.
func (j *Journal) Operations(ctx context.Context, n int) (found []Operation, err error) {
	rows, err := j.db.QueryContext(ctx, selectOperation+` ORDER BY created_at DESC, id LIMIT $1`, n)
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		op, err := readOperation(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, op)
	}
	return found, rows.Err()
}

func readOperation(row scanner) (Operation, error) {
	var op Operation
	var plan string
	var created, ended int64
	err := row.Scan(&op.ID, &op.Delivery, &op.Verb, &op.App, &op.Request, &op.Asker, &op.State, &op.Outcome, &plan, &created, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return Operation{}, ErrNotFound
	}
	if err != nil {
		return Operation{}, fmt.Errorf("read operation: %w", err)
	}
	op.Plan, op.CreatedAt, op.EndedAt = []byte(plan), fromMillis(created), fromMillis(ended)
	return op, nil
}

func (j *Journal) steps(ctx context.Context, operation string) (found []Step, err error) {
	rows, err := j.db.QueryContext(ctx, `SELECT name, state, detail, began_at, ended_at FROM steps WHERE operation = $1
		ORDER BY began_at, name`, operation)
	if err != nil {
		return nil, fmt.Errorf("read steps: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s Step
		var detail string
		var began, ended int64
		if err := rows.Scan(&s.Name, &s.State, &detail, &began, &ended); err != nil {
			return nil, fmt.Errorf("read step: %w", err)
		}
		s.Detail, s.BeganAt, s.EndedAt = []byte(detail), fromMillis(began), fromMillis(ended)
		found = append(found, s)
	}
	return found, rows.Err()
}
