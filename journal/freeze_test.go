package journal_test

import (
	"path/filepath"
	"testing"
)

// A freeze outlives the process that was told of it.
func TestAFreezeHoldsUntilItIsEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	j := open(t, path)
	if _, frozen, err := j.Frozen(t.Context()); frozen || err != nil {
		t.Fatalf("a new journal is frozen: %v, error %v", frozen, err)
	}
	for _, reason := range []string{"first", "the fair opens"} {
		if err := j.Freeze(t.Context(), "web:bob", reason); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	f, frozen, err := j.Frozen(t.Context())
	if err != nil || !frozen || f.By != "web:bob" || f.Reason != "the fair opens" || f.Since.IsZero() {
		t.Errorf("got %+v, frozen %v, error %v", f, frozen, err)
	}
	if err := j.Thaw(t.Context(), "web:alice"); err != nil {
		t.Fatal(err)
	}
	if _, frozen, err := j.Frozen(t.Context()); frozen || err != nil {
		t.Errorf("it is still frozen: %v, error %v", frozen, err)
	}
	if head, err := j.VerifyAudit(t.Context(), ""); err != nil || head.Rows != 3 {
		t.Errorf("the audit has %d rows, error %v; want 3", head.Rows, err)
	}
}
