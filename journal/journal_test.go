package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/journal"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), "sqlite:"+path, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func fresh(t *testing.T) *journal.Journal {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "rt.db"))
}

func delivery(key string) journal.Delivery {
	return journal.Delivery{
		Platform: "web", Key: key, Room: "web", UserID: "alice", UserName: "Alice", Text: "/rt scale gitea 2",
		Languages: []string{"fr", "en"}, ReceivedAt: noon,
	}
}

var scale = &journal.NewOperation{Verb: "scale", App: "gitea", Request: "scale gitea 2", Asker: "web:alice"}

func accept(t *testing.T, j *journal.Journal, key string, op *journal.NewOperation) journal.Delivery {
	t.Helper()
	d, _, err := j.Accept(t.Context(), delivery(key), op)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestARedeliveryIsStoredOnce(t *testing.T) {
	j := fresh(t)
	first := accept(t, j, "k1", scale)
	second, repeat, err := j.Accept(t.Context(), delivery("k1"), scale)
	if err != nil || !repeat {
		t.Fatalf("repeat %v, error %v; want a repeat", repeat, err)
	}
	if diff := cmp.Diff(first.ID, second.ID); diff != "" {
		t.Error(diff)
	}
	ops, err := j.Operations(t.Context(), 10)
	if err != nil || len(ops) != 1 {
		t.Fatalf("got %d operations, error %v; want 1", len(ops), err)
	}
}

func TestDeliveriesAtOnceAreStoredOnce(t *testing.T) {
	j := fresh(t)
	ids := make([]string, 20)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			d, _, err := j.Accept(t.Context(), delivery("same"), scale)
			if err != nil {
				t.Error(err)
			}
			ids[i] = d.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("two deliveries were stored: %v", ids)
		}
	}
}

func TestADeliveryComesBackAsItWasStored(t *testing.T) {
	j := fresh(t)
	stored := accept(t, j, "k1", scale)
	got, err := j.Delivery(t.Context(), stored.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := delivery("k1")
	want.ID, want.Operation, want.Card = stored.ID, stored.Operation, []byte{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := j.Delivery(t.Context(), "nothing"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestOnlyUnansweredDeliveriesAreTakenUpAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	j := open(t, path)
	answered, working := accept(t, j, "k1", nil), accept(t, j, "k2", scale)
	for d, state := range map[string]journal.DeliveryState{answered.ID: journal.Answered, working.ID: journal.Unanswered} {
		if _, err := j.Answer(t.Context(), d, []byte(`{}`), state); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := open(t, path).Unanswered(t.Context())
	if err != nil || len(left) != 1 || left[0].ID != working.ID {
		t.Fatalf("got %v, error %v; want only %s", left, err, working.ID)
	}
}

func TestWhatAPlatformDoesNotShowYetIsFound(t *testing.T) {
	j := fresh(t)
	d := accept(t, j, "k1", nil)
	unshown := func() int {
		t.Helper()
		found, err := j.Unshown(t.Context(), d.Platform, d.ReceivedAt)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if n := unshown(); n != 0 {
		t.Errorf("got %d, want none before there is an answer", n)
	}
	for want := range 2 {
		version, err := j.Answer(t.Context(), d.ID, []byte(`{}`), journal.Unanswered)
		if err != nil || version != want+1 || unshown() != 1 {
			t.Errorf("version %d, error %v, %d to show; want %d and one", version, err, unshown(), want+1)
		}
		if err := j.Posted(t.Context(), d.ID, "C1:1.2", version); err != nil || unshown() != 0 {
			t.Errorf("error %v, %d to show; want none", err, unshown())
		}
	}
	if stored, err := j.Delivery(t.Context(), d.ID); err != nil || stored.Message != "C1:1.2" || stored.Shown != 2 {
		t.Errorf("got %q, version %d, error %v", stored.Message, stored.Shown, err)
	}
}

func TestAnOlderClaimCanWriteNothing(t *testing.T) {
	j, ctx := fresh(t), t.Context()
	op := accept(t, j, "k1", scale).Operation
	old, _, err := j.Claim(ctx, op)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Intend(ctx, "commit", []byte(`{"since":"a"}`)); err != nil {
		t.Fatal(err)
	}
	current, seen, err := j.Claim(ctx, op)
	if err != nil {
		t.Fatal(err)
	}
	want := []journal.Step{{Name: "commit", State: journal.Intended, Detail: []byte(`{"since":"a"}`), BeganAt: noon}}
	if diff := cmp.Diff(want, seen.Steps); diff != "" {
		t.Error(diff)
	}
	entry := journal.Entry{Actor: "bot"}
	for name, write := range map[string]func() error{
		"plan":   func() error { return old.Plan(ctx, []byte("{}")) },
		"wait":   func() error { return old.Wait(ctx) },
		"allow":  func() error { return old.Allow(ctx, entry) },
		"intend": func() error { return old.Intend(ctx, "sync", nil) },
		"done":   func() error { return old.Done(ctx, "commit", nil) },
		"fail":   func() error { return old.Fail(ctx, "commit", nil) },
		"end":    func() error { return old.End(ctx, "verified", nil, entry) },
	} {
		if err := write(); !errors.Is(err, journal.ErrLost) {
			t.Errorf("%s by the older claim: got %v, want ErrLost", name, err)
		}
	}
	if err := current.End(ctx, "verified", []byte("{}"), entry); err != nil {
		t.Fatal(err)
	}
	if err := current.Done(ctx, "commit", nil); !errors.Is(err, journal.ErrLost) {
		t.Errorf("a write after the end: got %v, want ErrLost", err)
	}
}

func TestAKeyLivesAsLongAsTheJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	j := open(t, path)
	first, err := j.Key(t.Context(), "operations")
	if err != nil || len(first) != 32 {
		t.Fatalf("got %d bytes, error %v", len(first), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, path).Key(t.Context(), "operations")
	if err != nil || !cmp.Equal(first, again) {
		t.Errorf("the key changed, error %v", err)
	}
}

func TestASecondProcessIsTurnedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	open(t, path)
	if _, err := journal.Open(t.Context(), "sqlite:"+path, time.Now); !errors.Is(err, journal.ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

func TestOnlyTheOwnerCanReadTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, error %v; want 0600", info.Mode().Perm(), err)
	}
}

func TestANewerJournalIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	alter(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	if _, err := journal.Open(t.Context(), "sqlite:"+path, time.Now); !errors.Is(err, journal.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

func TestADamagedFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	if err := os.WriteFile(path, []byte("this is no database, and it is long enough to be read as one ............"), 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err := journal.Open(t.Context(), "sqlite:"+path, time.Now); err == nil {
		_ = j.Close()
		t.Error("a damaged file was opened")
	}
}

func TestTheAuditTrailShowsEveryTampering(t *testing.T) {
	tests := map[string]struct {
		tamper string
		broken int64
	}{
		"a row is edited":          {`UPDATE audit SET detail = 'scale gitea 9' WHERE seq = 2`, 2},
		"a row is removed":         {`DELETE FROM audit WHERE seq = 2`, 2},
		"two rows change places":   {`UPDATE audit SET seq = CASE seq WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE seq END WHERE seq IN (2, 3)`, 2},
		"the first row is removed": {`DELETE FROM audit WHERE seq = 1`, 1},
		"the tail is cut":          {`DELETE FROM audit WHERE seq > 2`, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rt.db")
			j := open(t, path)
			for range 4 {
				if err := j.Audit(t.Context(), journal.Entry{Actor: "web:alice", Event: "refused", Code: "E_NAME"}); err != nil {
					t.Fatal(err)
				}
			}
			head, err := j.VerifyAudit(t.Context(), "")
			if err != nil || head.Rows != 4 {
				t.Fatalf("got %+v, error %v; want 4 rows that hold", head, err)
			}
			if _, err := j.VerifyAudit(t.Context(), head.Hash); err != nil {
				t.Fatalf("the trail does not reach its own head: %v", err)
			}
			tamper(t, path, test.tamper)
			_, err = j.VerifyAudit(t.Context(), head.Hash)
			var broken *journal.BrokenError
			if !errors.As(err, &broken) || broken.Row != test.broken {
				t.Errorf("got %v, want row %d broken", err, test.broken)
			}
		})
	}
}

// tamper changes the file behind the journal's back. Swapping two keys needs a step in between.
func tamper(t *testing.T, path, statement string) {
	t.Helper()
	if statement[:6] == "UPDATE" && statement[17:20] == "seq" {
		alter(t, path, `UPDATE audit SET seq = -seq WHERE seq IN (2, 3)`)
		alter(t, path, `UPDATE audit SET seq = CASE seq WHEN -2 THEN 3 ELSE 2 END WHERE seq < 0`)
		return
	}
	alter(t, path, statement)
}

func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatal(err)
	}
}
