//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// restarted is when a Deployment of rt was restarted last, and how often its pods were made anew.
func restarted(tb testing.TB, name string) (at, revision string) {
	tb.Helper()
	d, err := cluster(tb).AppsV1().Deployments("rt").Get(tb.Context(), name, metav1.GetOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"], d.Annotations["deployment.kubernetes.io/revision"]
}

func TestARestartIsFollowedToItsPods(t *testing.T) {
	serve(t)
	before := head(t)
	at, revision := restarted(t, "gitea")
	out := must(t, 0, "/rt restart gitea")
	wants(t, out, "gitea was restarted, and 1 of 1 pods are ready.", "restarted", "verified")
	now, next := restarted(t, "gitea")
	if now == at || next == revision {
		t.Errorf("restarted at %q and %q, revisions %s and %s", at, now, revision, next)
	}
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
	must(t, 2, "--as", "carol", "/rt restart gitea")
	if out := must(t, 2, "/rt restart gitae"); !strings.Contains(out, "Did you mean gitea?") {
		t.Errorf("got:\n%s", out)
	}
}

// The bot is killed while a restart begins, and while it is followed: the next process ends it, and there is one restart.
func TestAKilledRestartIsDoneOnce(t *testing.T) {
	b := serve(t)
	for _, step := range []string{"planned", "restarted", "verified"} {
		t.Run(step, func(t *testing.T) {
			_, revision := restarted(t, "jenkins")
			last := b.killAt(t, step, "/rt restart jenkins")
			if last.State != "done" {
				t.Errorf("it ended as %+v", last)
			}
			if _, next := restarted(t, "jenkins"); next != following(t, revision) {
				t.Errorf("revision %s came after %s, want one restart", next, revision)
			}
		})
	}
}

// following is the revision that comes next.
func following(t *testing.T, revision string) string {
	t.Helper()
	n, err := strconv.Atoi(revision)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(n + 1)
}

// killAt says a line, kills the bot when that step has begun, starts it again, and returns the last card.
func (b *bot) killAt(t *testing.T, step, line string) card {
	t.Helper()
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
	killed := false
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		last = card{}
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
		if !killed && last.at(step) {
			killed = true
			b.stop(syscall.SIGKILL)
			b.start()
		}
	}
	if err := follower.Wait(); err != nil || !killed {
		t.Errorf("say ended with %v, and the bot was killed: %v", err, killed)
	}
	return last
}

func TestTheClusterIsReadInChat(t *testing.T) {
	serve(t)
	wants(t, must(t, 0, "/rt nodes"), "3 nodes, and all are ready", "pool-rt-1", "m/3900m")
	waitFor(t, "/rt pods", "pods, and all run")
	wants(t, must(t, 0, "/rt pods gitea"), "gitea has 1 pod, and it runs", "Running", "1/1")
	wants(t, must(t, 0, "--as", "carol", "/rt describe gitea"), "gitea-", "1 of 1 containers ready", "ReplicaSet/gitea-", "gitea/gitea:")
	wants(t, must(t, 0, "/rt logs gitea tail=5"), "lines of gitea in gitea-", " HTTP/1.1\" 200 ")
	wants(t, must(t, 0, "/rt logs gitea since=1h grep='GET .* 200'"), " HTTP/1.1\" 200 ")
	wants(t, must(t, 0, "/rt logs gitea grep=connecting"), "connecting to postgres://[secret]@postgres-svc:5432/forge")
	wants(t, must(t, 2, "/rt logs gitea container=sidecar"), "There is no container", "gitea")
	wants(t, must(t, 2, "/rt logs gitea grep='['"), "wrong at character 1")
	wants(t, must(t, 2, "/rt logs nobody-knows"), `There is no app and no pod "nobody-knows".`)
	began := time.Now()
	pods, err := cluster(t).CoreV1().Pods("rt").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) == 0 {
		t.Fatalf("%d pods, error %v", len(pods.Items), err)
	}
	wants(t, must(t, 0, "/rt describe "+pods.Items[0].Name), pods.Items[0].Name+": Running")
	t.Logf("a pod was described %s after it was asked for", time.Since(began))
}
