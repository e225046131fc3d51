//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A role that is taken away in the configuration is gone within a minute, and a file that is not right changes nothing.
func TestARoleIsTakenAwayWithoutARestart(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(labDir, "rt.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(labDir, "rt-reload.yaml")
	write := func(old, with string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("", "")
	b := serveWith(t, "rt-reload.yaml")
	must(t, 0, "--as", "bob", "/rt scale jenkins 1")
	write("role: operator", "role: root")
	eventually(t, time.Minute, "the mistake is reported", func() error {
		if !strings.Contains(b.log.String(), "configuration not taken over") {
			return errorf("not yet")
		}
		return nil
	})
	must(t, 0, "--as", "bob", "/rt scale jenkins 1")
	write("role: operator", "role: viewer")
	eventually(t, time.Minute, "bob only reads", func() error {
		if out := say(t, "--as", "bob", "/rt scale jenkins 1").out; !strings.Contains(out, "Your role only reads.") {
			return errorf("the card says:\n%s", out)
		}
		return nil
	})
}
