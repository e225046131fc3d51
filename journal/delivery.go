package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Delivery is one request as a platform delivered it, with the newest version of its answer.
type Delivery struct {
	ID         string
	Platform   string
	Key        string
	Room       string
	UserID     string
	UserName   string
	Text       string
	Languages  []string
	ReceivedAt time.Time
	// Doubt is what keeps the platform from vouching for the line; empty where nothing does.
	Doubt string
	// Operation is the change that the request asks for; empty where it only asks to read.
	Operation string
	// Message is the platform's own name for the message that carries the answer; empty before it was posted.
	Message string
	// Shown is the version of the card that the platform shows there.
	Shown int
	// Card is the newest version of the answer, and Version counts its versions.
	Card    []byte
	Version int
}

// NewOperation is what a delivery asks for when it asks for a change.
type NewOperation struct {
	Verb string
	App  string
	// Request is the parsed command printed again.
	Request string
	// Asker is who asked, as platform:id.
	Asker string
}

// Accept stores a delivery and the operation that it asks for (nil where it asks for none) in one transaction, with the
// audit's row. A key that is stored already changes nothing: the stored delivery comes back, and repeat is true.
func (j *Journal) Accept(ctx context.Context, d Delivery, op *NewOperation) (stored Delivery, repeat bool, err error) {
	err = j.tx(ctx, func(tx *sql.Tx) error {
		stored, repeat, err = j.accept(ctx, tx, Asked{Delivery: d, Operation: op})
		return err
	})
	if err != nil {
		return Delivery{}, false, fmt.Errorf("accept delivery: %w", err)
	}
	return stored, repeat, nil
}

func (j *Journal) accept(ctx context.Context, tx *sql.Tx, a Asked) (stored Delivery, repeat bool, err error) {
	d := a.Delivery
	known, err := readDelivery(tx.QueryRowContext(ctx, selectDelivery+` WHERE platform = $1 AND key = $2`, d.Platform, d.Key))
	if err == nil {
		return known, true, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Delivery{}, false, err
	}
	d.ID = newID()
	if a.Operation != nil {
		d.Operation = newID()
	}
	return d, false, j.insert(ctx, tx, d, a.Operation)
}

func (j *Journal) insert(ctx context.Context, tx *sql.Tx, d Delivery, op *NewOperation) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO deliveries (id, platform, key, room, user_id, user_name, text, languages,
		received_at, state, operation, message, card, version, doubt)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, '', '', 0, $11)`,
		d.ID, d.Platform, d.Key, d.Room, d.UserID, d.UserName, d.Text, strings.Join(d.Languages, ","),
		millis(d.ReceivedAt), d.Operation, d.Doubt); err != nil {
		return err
	}
	if op == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO operations (id, delivery, verb, app, request, asker, state, outcome, plan,
		created_at, ended_at, epoch) VALUES ($1, $2, $3, $4, $5, $6, 'running', '', '', $7, 0, 0)`,
		d.Operation, d.ID, op.Verb, op.App, op.Request, op.Asker, millis(d.ReceivedAt)); err != nil {
		return err
	}
	return j.audit(ctx, tx, Entry{Actor: op.Asker, Operation: d.Operation, Event: "asked", Detail: op.Request})
}

const selectDelivery = `SELECT id, platform, key, room, user_id, user_name, text, languages, received_at, operation, message,
	shown, card, version, doubt FROM deliveries`

// Delivery returns the delivery of that number, or ErrNotFound.
func (j *Journal) Delivery(ctx context.Context, id string) (Delivery, error) {
	return readDelivery(j.db.QueryRowContext(ctx, selectDelivery+` WHERE id = $1`, id))
}

// Unanswered returns the deliveries that have no final answer yet, oldest first.
func (j *Journal) Unanswered(ctx context.Context) ([]Delivery, error) {
	return j.deliveries(ctx, ` WHERE state = 'open' ORDER BY received_at, id`)
}

// Unshown returns the deliveries since a time of which a platform does not show the newest version, oldest first.
func (j *Journal) Unshown(ctx context.Context, platform string, since time.Time) ([]Delivery, error) {
	return j.deliveries(ctx, ` WHERE platform = $1 AND version > shown AND received_at >= $2 ORDER BY received_at, id`, platform, millis(since))
}

// Recent returns the newest n deliveries of a room, oldest first.
func (j *Journal) Recent(ctx context.Context, platform, room string, n int) ([]Delivery, error) {
	return j.deliveries(ctx, ` WHERE id IN (SELECT id FROM deliveries WHERE platform = $1 AND room = $2
		ORDER BY received_at DESC, id DESC LIMIT $3) ORDER BY received_at, id`, platform, room, n)
}

func (j *Journal) deliveries(ctx context.Context, where string, args ...any) (found []Delivery, err error) {
	rows, err := j.db.QueryContext(ctx, selectDelivery+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		d, err := readDelivery(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, rows.Err()
}

type scanner interface{ Scan(into ...any) error }

func readDelivery(row scanner) (Delivery, error) {
	var d Delivery
	var languages, card string
	var received int64
	err := row.Scan(&d.ID, &d.Platform, &d.Key, &d.Room, &d.UserID, &d.UserName, &d.Text, &languages, &received,
		&d.Operation, &d.Message, &d.Shown, &card, &d.Version, &d.Doubt)
	if errors.Is(err, sql.ErrNoRows) {
		return Delivery{}, ErrNotFound
	}
	if err != nil {
		return Delivery{}, fmt.Errorf("read delivery: %w", err)
	}
	d.ReceivedAt, d.Card = fromMillis(received), []byte(card)
	if languages != "" {
		d.Languages = strings.Split(languages, ",")
	}
	return d, nil
}

// DeliveryState is whether a delivery still has to be worked on.
type DeliveryState string

// The states of a delivery. What is unanswered is taken up again after a restart.
const (
	Unanswered DeliveryState = "open"
	Answered   DeliveryState = "answered"
)

// Answer stores a new version of a delivery's card and returns its number.
func (j *Journal) Answer(ctx context.Context, delivery string, card []byte, state DeliveryState) (version int, err error) {
	err = j.db.QueryRowContext(ctx, `UPDATE deliveries SET card = $1, state = $2, version = version + 1 WHERE id = $3
		RETURNING version`, string(card), state, delivery).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("store answer of %s: %w", delivery, err)
	}
	return version, nil
}

// Posted remembers under which name the platform knows the message that carries a delivery's answer, and which version of
// the card is shown there.
func (j *Journal) Posted(ctx context.Context, delivery, message string, version int) error {
	if _, err := j.db.ExecContext(ctx, `UPDATE deliveries SET message = $1, shown = $2 WHERE id = $3`, message, version, delivery); err != nil {
		return fmt.Errorf("store message of %s: %w", delivery, err)
	}
	return nil
}
