package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Entry is one row of the audit trail: who, about which operation, what, with which code.
type Entry struct {
	// Actor is a person as platform:id, or "bot".
	Actor     string `json:"actor"`
	Operation string `json:"operation"`
	// Event is one of asked, allowed, refused, intent, outcome, ended.
	Event string `json:"event"`
	// Code is a code of the closed list of refusals, or empty.
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// row is an entry with its place in the chain; its JSON form is what the hash is made of.
type row struct {
	Seq int64 `json:"seq"`
	At  int64 `json:"at"`
	Entry
	Prev string `json:"prev"`
	hash string
}

func (r row) sum() (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("hash audit row %d: %w", r.Seq, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Audit appends an entry to the trail.
func (j *Journal) Audit(ctx context.Context, e Entry) error {
	if err := j.tx(ctx, func(tx *sql.Tx) error { return j.audit(ctx, tx, e) }); err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

// audit appends an entry within a transaction, so that a state and its audit row are stored together or not at all.
func (j *Journal) audit(ctx context.Context, tx *sql.Tx, e Entry) error {
	r := row{At: millis(j.now()), Entry: e}
	err := tx.QueryRowContext(ctx, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&r.Seq, &r.Prev)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	r.Seq++
	hash, err := r.sum()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (seq, at, actor, operation, event, code, detail, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.Seq, r.At, e.Actor, e.Operation, e.Event, e.Code, e.Detail, r.Prev, hash)
	return err
}

// Head is the end of the audit trail: how many rows there are, and the hash of the last one.
type Head struct {
	Rows int64
	Hash string
}

// BrokenError tells which row of the audit trail is the first that does not hold.
type BrokenError struct {
	Row int64
	At  time.Time
	Why string
}

// Error names the row.
func (e *BrokenError) Error() string { return fmt.Sprintf("audit row %d: %s", e.Row, e.Why) }

// VerifyAudit walks the trail from its start and returns its head, or a *BrokenError for the first row that was changed,
// removed or moved. With reach, the hash of an earlier head, the trail must also contain that head: a cut tail shows.
func (j *Journal) VerifyAudit(ctx context.Context, reach string) (head Head, err error) {
	rows, err := j.db.QueryContext(ctx, `SELECT seq, at, actor, operation, event, code, detail, prev, hash FROM audit ORDER BY seq`)
	if err != nil {
		return Head{}, fmt.Errorf("read audit: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	reached := reach == ""
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.Seq, &r.At, &r.Actor, &r.Operation, &r.Event, &r.Code, &r.Detail, &r.Prev, &r.hash); err != nil {
			return head, fmt.Errorf("read audit row %d: %w", head.Rows+1, err)
		}
		if err := r.follows(head); err != nil {
			return head, err
		}
		head = Head{Rows: r.Seq, Hash: r.hash}
		reached = reached || r.hash == reach
	}
	if err := rows.Err(); err != nil {
		return head, fmt.Errorf("read audit: %w", err)
	}
	if !reached {
		return head, &BrokenError{Row: head.Rows + 1, Why: "the trail ends before the head that was asked for"}
	}
	return head, nil
}

// follows checks one row against the head before it.
func (r row) follows(head Head) error {
	broken := func(why string) error { return &BrokenError{Row: head.Rows + 1, At: fromMillis(r.At), Why: why} }
	if r.Seq != head.Rows+1 {
		return broken("a row is missing")
	}
	if r.Prev != head.Hash {
		return broken("it does not follow the row before it")
	}
	sum, err := r.sum()
	if err != nil {
		return err
	}
	if sum != r.hash {
		return broken("it was changed")
	}
	return nil
}
