//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BenchmarkScale measures a change from the typed line to the verified rollout, and beside it, in turns, the same calls made
// bare: commit, refresh, wait for ready pods. The medians and their ratio are reported.
func BenchmarkScale(b *testing.B) {
	serve(b)
	must(b, 0, "/rt scale jenkins 1")
	const rounds = 20
	for b.Loop() {
		var bare, bot []time.Duration
		for i := range rounds {
			n := 2 + i%2
			bare = append(bare, timed(func() { scaleBare(b, "jenkins", 2*n) }))
			bot = append(bot, timed(func() { must(b, 0, "/rt scale jenkins "+strconv.Itoa(n)) }))
		}
		b.ReportMetric(float64(median(bare).Milliseconds()), "bare-ms")
		b.ReportMetric(float64(median(bot).Milliseconds()), "bot-ms")
		b.ReportMetric(float64(median(bot))/float64(median(bare)), "bot/bare")
	}
	must(b, 0, "/rt scale jenkins 1")
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

func median(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

// scaleBare makes a change with nothing but the calls that it needs.
func scaleBare(b *testing.B, app string, n int) {
	b.Helper()
	path := "k8s/03-apps/" + app + ".yaml"
	was := git(b, "show", "main:"+path) + "\n"
	is := regexp.MustCompile(`replicas: \d+`).ReplaceAllString(was, "replicas: "+strconv.Itoa(n))
	watch, err := cluster(b).AppsV1().Deployments("rt").Watch(b.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + app})
	if err != nil {
		b.Fatal(err)
	}
	defer watch.Stop()
	commitBare(b, path, is)
	call(b, http.MethodGet, "http://"+world["ARGOCD_SERVER"]+"/api/v1/applications/layer-03-apps?refresh=normal", world["ARGOCD_TOKEN"], nil)
	for range watch.ResultChan() {
		if want, ready := running(b, app); int(want) == n && int(ready) == n {
			return
		}
	}
	b.Fatal("the watch ended")
}

func commitBare(b *testing.B, path, text string) {
	b.Helper()
	answer := call(b, http.MethodPost, world["GITHUB_API_URL"]+"/graphql", world["GITHUB_TOKEN"], map[string]any{
		"query": `mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }`,
		"variables": map[string]any{"input": map[string]any{
			"branch":          map[string]string{"repositoryNameWithOwner": "rt/forge", "branchName": "main"},
			"expectedHeadOid": head(b),
			"message":         map[string]string{"headline": "bare"},
			"fileChanges": map[string]any{"additions": []map[string]string{
				{"path": path, "contents": base64.StdEncoding.EncodeToString([]byte(text))},
			}},
		}},
	})
	if bytes.Contains(answer, []byte(`"errors"`)) {
		b.Fatalf("commit: %s", answer)
	}
}

func call(b *testing.B, method, url, token string, question any) []byte {
	b.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		b.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s: status %d, %v: %s", url, resp.StatusCode, err, answer.Bytes())
	}
	return answer.Bytes()
}

// BenchmarkBot measures how long the bot takes to be ready, and its memory when it has nothing to do.
func BenchmarkBot(b *testing.B) {
	bot := serve(b)
	for b.Loop() {
		bot.stop(syscall.SIGTERM)
		began := time.Now()
		bot.start()
		bot.untilReady()
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ready-ms")
	}
	time.Sleep(5 * time.Second)
	b.ReportMetric(memory(b, bot.command.Process.Pid), "idle-MiB")
}

// BenchmarkLab measures how long a lab takes to be ready, and the memory of all its processes then.
func BenchmarkLab(b *testing.B) {
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "lab")
		c := exec.CommandContext(b.Context(), binary("lab"), "up", "--dir", dir)
		c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
		out, err := c.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
		if err := ready(out); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "ready-s")
		all := memory(b, c.Process.Pid)
		for _, pid := range processIDs(b, dir) {
			if pid != c.Process.Pid {
				all += memory(b, pid)
			}
		}
		b.ReportMetric(all, "MiB")
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
}

// BenchmarkDemo measures the README's first command once everything is built.
func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		c := exec.CommandContext(b.Context(), binary("lab"), "demo", "--bot", binary("bot"), "--say", "/rt scale gitea 2")
		if out, err := c.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
}

// memory is the share of a process in the machine's memory, in MiB: what it shares with others is counted once.
func memory(b *testing.B, pid int) float64 {
	b.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "Pss:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatalf("process %d does not tell its memory", pid)
	return 0
}
