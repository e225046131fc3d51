// Package journal remembers what was asked, what is being done and what was done, so that no accepted command is lost
// and none is done twice. It stores bytes and strings that others give it, and judges nothing.
package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite", in pure Go
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound means that there is no such delivery or operation.
var ErrNotFound = errors.New("not in the journal")

// ErrInUse means that another process holds the journal's file.
var ErrInUse = errors.New("another process uses this journal")

// ErrNewer means that a newer version of the program wrote the journal.
var ErrNewer = errors.New("the journal was written by a newer version")

// Journal is the store. It is safe for concurrent use.
type Journal struct {
	db   *sql.DB
	lock *os.File
	now  func() time.Time
}

// Open opens the journal at dsn, which is sqlite:PATH, and brings its schema up to date. One process at a time can
// have it open; another one gets ErrInUse. A new file is made readable by its owner only.
func Open(ctx context.Context, dsn string, now func() time.Time) (*Journal, error) {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("open journal %q: want sqlite:PATH", dsn)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	j := &Journal{lock: lock, now: now}
	if err := j.connect(ctx, path); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Read opens an existing journal for reading only, beside the process that has it open.
func Read(ctx context.Context, dsn string, now func() time.Time) (*Journal, error) {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok || path == "" {
		return nil, fmt.Errorf("open journal %q: want sqlite:PATH", dsn)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal: %w", err), db.Close())
	}
	return &Journal{db: db, now: now}, nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock journal: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, ErrInUse), f.Close())
	}
	return f, nil
}

func (j *Journal) connect(ctx context.Context, path string) error {
	file, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	// Full synchronisation: what was accepted must outlive a power cut, and a scale writes only about ten rows.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
	}}
	if j.db, err = sql.Open("sqlite", "file:"+path+"?"+q.Encode()); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.db.SetMaxOpenConns(4)
	return j.migrate(ctx)
}

func (j *Journal) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, j.db, files)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	at, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the journal's version: %w", err)
	}
	if at > want {
		return fmt.Errorf("the journal is at version %d, this program knows %d: %w", at, want, ErrNewer)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate journal: %w", err)
	}
	return nil
}

// Close lets the journal go.
func (j *Journal) Close() error {
	var err error
	if j.db != nil {
		err = j.db.Close()
	}
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

// Key returns the secret of that name, made at its first use: 32 random bytes that live as long as the journal.
func (j *Journal) Key(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	var stored string
	err := j.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			"key:"+name, hex.EncodeToString(fresh)); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, "key:"+name).Scan(&stored)
	})
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", name, err)
	}
	return hex.DecodeString(stored)
}

// tx runs do in one transaction: all of it is stored, or nothing.
func (j *Journal) tx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// newID makes a short name that nobody can guess and people can type: 8 letters and digits, 40 random bits.
func newID() string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz" // no i, l, o, u: they are misread
	var b [8]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b[:])
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
