//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The README's first command, with a line to say: it ends with the answer, and leaves nothing behind.
func TestTheDemoSaysALine(t *testing.T) {
	temp := t.TempDir()
	c := exec.CommandContext(t.Context(), binary("lab"), "demo", "--bot", binary("bot"), "--say", "/rt scale gitea 2; /rt status gitea")
	c.Env = append(os.Environ(), "TMPDIR="+temp)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wants(t, string(out), "✓ gitea: replicas is now 2, and 2 of 2 pods are ready.", "The web chat is at http://127.0.0.1:")
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("it left %v behind, error %v", left, err)
	}
	if left := processIDs(t, temp); len(left) > 0 {
		t.Errorf("still running: %d", left)
	}
}

func TestTheDemoTellsWhenALineFails(t *testing.T) {
	c := exec.CommandContext(t.Context(), binary("lab"), "demo", "--bot", binary("bot"), "--say", "/rt scale nothing 2")
	c.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := c.CombinedOutput()
	if err == nil || c.ProcessState.ExitCode() != 1 {
		t.Errorf("exit status %d, want 1\n%s", c.ProcessState.ExitCode(), out)
	}
}

// A lab that is killed leaves no process, and its folder can be used again.
func TestAKilledLabCanBeStartedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		c := exec.CommandContext(t.Context(), binary("lab"), "up", "--dir", dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		last := ""
		for lines := bufio.NewScanner(out); last != "ready" && lines.Scan(); {
			last = lines.Text()
		}
		if last != "ready" {
			t.Fatalf("it ended with %q", last)
		}
		if err := c.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); signal == syscall.SIGTERM && err != nil {
			t.Error(err)
		}
		eventually(t, 15*time.Second, "all its processes end", func() error {
			if left := processIDs(t, dir); len(left) > 0 {
				return errorf("still running: %d", left)
			}
			return nil
		})
	}
}

// processIDs are the processes that run with a folder in their arguments.
func processIDs(tb testing.TB, dir string) []int {
	tb.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	var found []int
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), dir) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
			found = append(found, pid)
		}
	}
	return found
}
