//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// waitFor says a line until its card has that text.
func waitFor(t *testing.T, line, text string) {
	t.Helper()
	eventually(t, 30*time.Second, text, func() error {
		if out := must(t, 0, line); !strings.Contains(out, text) {
			return errorf("the card says:\n%s", out)
		}
		return nil
	})
}

// waitForOperation waits until the newest operation has that state.
func waitForOperation(t *testing.T, request, state string) {
	t.Helper()
	eventually(t, 30*time.Second, request+" "+state, func() error {
		out := must(t, 0, "/rt ops")
		for line := range strings.Lines(out) {
			if strings.Contains(line, request) {
				if strings.HasSuffix(strings.TrimSpace(line), "  "+state) {
					return nil
				}
				break
			}
		}
		return errorf("the card says:\n%s", out)
	})
}

// fault makes the lab's GitHub misbehave at the next commit.
func fault(t *testing.T, f map[string]any) {
	t.Helper()
	faultAt(t, "mutation createCommitOnBranch", f)
}

func faultAt(t *testing.T, operation string, f map[string]any) {
	t.Helper()
	f["operation"] = operation
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(world["GITHUB_API_URL"]+"/_lab/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	t.Cleanup(func() {
		req, err := http.NewRequest(http.MethodDelete, world["GITHUB_API_URL"]+"/_lab/faults", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	})
}

// The bot is killed at each step of a scale, with the answer of the commit lost on the way or not, and started again: the
// operation goes on within five seconds, one commit exists, and the same card ends right.
func TestAKilledBotGoesOn(t *testing.T) {
	b := serve(t)
	n := 2
	for _, step := range []string{"planned", "committed", "detected", "synced", "verified"} {
		for _, lost := range []bool{false, true} {
			n++
			t.Run(step+" lost "+strconv.FormatBool(lost), func(t *testing.T) {
				if lost {
					fault(t, map[string]any{"kind": "drop", "done": true, "times": 1})
				}
				b.killDuring(t, step, "/rt scale jenkins "+strconv.Itoa(n), n)
			})
		}
	}
	must(t, 0, "/rt scale jenkins 1")
}

func (b *bot) killDuring(t *testing.T, step, line string, n int) {
	t.Helper()
	before := head(t)
	follower := exec.CommandContext(t.Context(), binary("bot"), "say", "--json", line)
	follower.Env = append(os.Environ(), "RT_URL="+world["RT_URL"])
	out, err := follower.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follower.Start(); err != nil {
		t.Fatal(err)
	}
	var last card
	var again time.Time
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = card{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		if again.IsZero() && last.at(step) {
			b.stop(syscall.SIGKILL)
			again = time.Now()
			b.start()
		}
	}
	took := time.Since(again)
	if err := follower.Wait(); err != nil || last.State != "done" {
		t.Errorf("say ended with %v and the card %+v, want done", err, last)
	}
	if again.IsZero() {
		t.Fatalf("the step was never seen")
	}
	if took > 5*time.Second {
		t.Errorf("it went on and ended after %s, want 5s at most", took)
	}
	if n, changed := commits(t, before); n != 1 || len(changed) != 2 {
		t.Errorf("got %d commits that change %q, want one", n, changed)
	}
	if want, ready := running(t, "jenkins"); int(want) != n || int(ready) != n {
		t.Errorf("the cluster runs %d of %d, want %d", ready, want, n)
	}
}

// card is a version of a card as `say --json` prints it.
type card struct {
	Operation string `json:"operation"`
	State     string `json:"state"`
	Title     string `json:"title"`
	Steps     []struct {
		Label string `json:"label"`
		State string `json:"state"`
	} `json:"steps"`
	Text []string `json:"text"`
}

// at reports whether a step has begun.
func (c card) at(step string) bool {
	for _, s := range c.Steps {
		if s.Label == step {
			return s.State != "pending"
		}
	}
	return false
}

func TestABotThatGoesAwayIsReported(t *testing.T) {
	b := serve(t)
	fault(t, map[string]any{"kind": "slow", "wait": int64(3 * time.Second), "times": 1})
	done := make(chan said, 1)
	go func() { done <- say(t, "/rt scale gitea 4") }()
	eventually(t, 5*time.Second, "the operation is stored", func() error {
		if !strings.Contains(must(t, 0, "/rt ops"), "scale gitea 4") {
			return errorf("not yet")
		}
		return nil
	})
	b.stop(syscall.SIGKILL)
	began := time.Now()
	got := <-done
	if got.status != 1 || time.Since(began) > 11*time.Second || !strings.Contains(got.err, "operation ") {
		t.Errorf("status %d after %s: %s", got.status, time.Since(began), got.err)
	}
	b.start()
	waitForOperation(t, "scale gitea 4", "done")
}

func TestArgoCDIsDown(t *testing.T) {
	serve(t)
	before := head(t)
	server := processOf(t, "argocd-server")
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resume := func() { _ = server.Signal(syscall.SIGCONT) }
	t.Cleanup(resume)
	done := make(chan said, 1)
	go func() { done <- say(t, "/rt scale gitea 3") }()
	eventually(t, 20*time.Second, "the commit is made", func() error {
		if n, _ := commits(t, before); n != 1 {
			return errorf("%d commits", n)
		}
		return nil
	})
	resume()
	if got := <-done; got.status != 0 {
		t.Errorf("status %d\n%s%s", got.status, got.out, got.err)
	}
}

// processOf finds a part of this lab by its name.
func processOf(t *testing.T, part string) *os.Process {
	t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		words := strings.Split(string(text), "\x00")
		if len(words) < 3 || words[1] != "part" || words[2] != part || !strings.Contains(string(text), labDir) {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(path, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	t.Fatalf("the lab has no part %s", part)
	return nil
}

func TestTheAuditTrailHolds(t *testing.T) {
	serve(t)
	out, err := exec.CommandContext(t.Context(), binary("bot"), "audit", "verify", "--config", filepath.Join(labDir, "rt.yaml")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the audit trail holds") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheDoctorFindsNothing(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), binary("bot"), "doctor", "--config", filepath.Join(labDir, "rt.yaml")).CombinedOutput()
	if err != nil || strings.Contains(string(out), "wrong") {
		t.Errorf("%v\n%s", err, out)
	}
}
