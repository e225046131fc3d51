package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Asked is a delivery and the operation that it asks for, nil where it asks for none.
type Asked struct {
	Delivery  Delivery
	Operation *NewOperation
}

// Accepted is a delivery as it is stored; Repeat is true where its key had been stored before.
type Accepted struct {
	Delivery
	Repeat bool
}

// AcceptBatch stores how far a platform was read, and all deliveries that were read up to there, in one transaction: after
// a crash either both are there, or the same deliveries are read again.
func (j *Journal) AcceptBatch(ctx context.Context, platform, cursor string, batch []Asked) ([]Accepted, error) {
	var stored []Accepted
	err := j.tx(ctx, func(tx *sql.Tx) error {
		stored = make([]Accepted, 0, len(batch))
		for _, a := range batch {
			d, repeat, err := j.accept(ctx, tx, a)
			if err != nil {
				return err
			}
			stored = append(stored, Accepted{Delivery: d, Repeat: repeat})
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO cursors (platform, value) VALUES ($1, $2)
			ON CONFLICT (platform) DO UPDATE SET value = excluded.value`, platform, cursor)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accept deliveries up to a cursor: %w", err)
	}
	return stored, nil
}

// Cursor returns how far a platform was read; empty where it never was.
func (j *Journal) Cursor(ctx context.Context, platform string) (string, error) {
	var value string
	err := j.db.QueryRowContext(ctx, `SELECT value FROM cursors WHERE platform = $1`, platform).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read cursor of %s: %w", platform, err)
	}
	return value, nil
}

// Note keeps a text under a name, in place of what was kept there.
func (j *Journal) Note(ctx context.Context, name, text string) error {
	if _, err := j.db.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, "note:"+name, text); err != nil {
		return fmt.Errorf("keep note %s: %w", name, err)
	}
	return nil
}

// Noted returns the text that is kept under a name; empty where there is none.
func (j *Journal) Noted(ctx context.Context, name string) (string, error) {
	var text string
	err := j.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, "note:"+name).Scan(&text)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read note %s: %w", name, err)
	}
	return text, nil
}

// DB is the database itself, for a library that keeps tables of its own in it. Nobody else writes to the journal's.
func (j *Journal) DB() *sql.DB { return j.db }
