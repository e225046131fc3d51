package journal_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/journal"
)

func batch(t *testing.T, j *journal.Journal, cursor string, asked ...journal.Asked) []journal.Accepted {
	t.Helper()
	stored, err := j.AcceptBatch(t.Context(), "web", cursor, asked)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestACursorIsStoredWithItsDeliveries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	j := open(t, path)
	first := batch(t, j, "s1", journal.Asked{Delivery: delivery("k1"), Operation: scale}, journal.Asked{Delivery: delivery("k2")})
	again := batch(t, j, "s2", journal.Asked{Delivery: delivery("k1"), Operation: scale}, journal.Asked{Delivery: delivery("k3")})
	if first[0].Repeat || first[1].Repeat || !again[0].Repeat || again[1].Repeat {
		t.Errorf("got %+v and %+v; want k1 alone to be a repeat", first, again)
	}
	if diff := cmp.Diff(first[0].ID, again[0].ID); diff != "" {
		t.Error(diff)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	if cursor, err := j.Cursor(t.Context(), "web"); cursor != "s2" || err != nil {
		t.Errorf("got cursor %q, error %v; want s2", cursor, err)
	}
	if cursor, err := j.Cursor(t.Context(), "slack"); cursor != "" || err != nil {
		t.Errorf("got cursor %q, error %v; want none", cursor, err)
	}
	left, err := j.Unanswered(t.Context())
	if ops, _ := j.Operations(t.Context(), 10); err != nil || len(left) != 3 || len(ops) != 1 {
		t.Errorf("got %d deliveries, %d operations, error %v; want 3 and 1", len(left), len(ops), err)
	}
}

// Where one delivery of a batch cannot be stored, neither are the others, and the cursor stays where it was.
func TestABatchIsStoredWholeOrNotAtAll(t *testing.T) {
	j := fresh(t)
	batch(t, j, "s1")
	_, err := j.DB().ExecContext(t.Context(), `CREATE TRIGGER no BEFORE INSERT ON deliveries WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.AcceptBatch(t.Context(), "web", "s2", []journal.Asked{{Delivery: delivery("good")}, {Delivery: delivery("bad")}}); err == nil {
		t.Error("the batch was taken, want an error")
	}
	left, _ := j.Unanswered(t.Context())
	if cursor, _ := j.Cursor(t.Context(), "web"); cursor != "s1" || len(left) != 0 {
		t.Errorf("got cursor %q and %d deliveries; want s1 and none", cursor, len(left))
	}
}

func TestANoteIsKeptUntilAnotherTakesItsPlace(t *testing.T) {
	j := fresh(t)
	for _, want := range []string{"", "one", "two"} {
		if want != "" {
			if err := j.Note(t.Context(), "device", want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := j.Noted(t.Context(), "device"); got != want || err != nil {
			t.Errorf("got %q, error %v; want %q", got, err, want)
		}
	}
}
