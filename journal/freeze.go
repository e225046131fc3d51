package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Freeze is a time in which nothing is changed.
type Freeze struct {
	// By is who asked for it, as platform:id.
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

const freezeName = "freeze"

// Freeze stores that nothing is to be changed from now on. An earlier freeze is replaced.
func (j *Journal) Freeze(ctx context.Context, by, reason string) error {
	text, err := json.Marshal(Freeze{By: by, Reason: reason, Since: j.now().UTC()})
	if err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	err = j.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2`,
			freezeName, string(text)); err != nil {
			return err
		}
		return j.audit(ctx, tx, Entry{Actor: by, Event: "frozen", Detail: reason})
	})
	if err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	return nil
}

// Thaw ends a freeze. Without one it changes nothing.
func (j *Journal) Thaw(ctx context.Context, by string) error {
	err := j.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE name = $1`, freezeName); err != nil {
			return err
		}
		return j.audit(ctx, tx, Entry{Actor: by, Event: "thawed"})
	})
	if err != nil {
		return fmt.Errorf("end freeze: %w", err)
	}
	return nil
}

// Frozen returns the freeze that holds, and whether there is one.
func (j *Journal) Frozen(ctx context.Context) (Freeze, bool, error) {
	var text string
	err := j.db.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, freezeName).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return Freeze{}, false, nil
	}
	var f Freeze
	if err == nil {
		err = json.Unmarshal([]byte(text), &f)
	}
	if err != nil {
		return Freeze{}, false, fmt.Errorf("read freeze: %w", err)
	}
	return f, true, nil
}
