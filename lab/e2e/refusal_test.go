//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// push clones the forge, lets edit change the clone, and pushes the result.
func push(t *testing.T, edit func(dir string)) {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=eve", "-c", "user.email=eve@example.org"}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("clone", "--quiet", world["FORGE_GIT_DIR"], ".")
	edit(dir)
	run("add", "--all")
	run("commit", "--quiet", "--message", "a commit of somebody else")
	run("push", "--quiet", "origin", "HEAD:main")
}

// replaceInJenkins replaces a text in the manifest of jenkins, in a clone.
func replaceInJenkins(t *testing.T, dir, old, with string) {
	t.Helper()
	path := filepath.Join(dir, "k8s/03-apps/jenkins.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Somebody pushes while the bot is between its reading and its commit.
func TestSomebodyElsePushesInBetween(t *testing.T) {
	tests := map[string]struct {
		edit   func(t *testing.T, dir string)
		status int
		says   []string
		ours   int
	}{
		"another file": {func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, "NOTES.md"), []byte("noted\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, 0, []string{"4 of 4 pods are ready"}, 1},
		"the same line": {func(t *testing.T, dir string) {
			t.Helper()
			replaceInJenkins(t, dir, "replicas: 1", "replicas: 2")
		}, 2, []string{"Somebody else changed replicas from 1 to 2", "Nothing was changed"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			serve(t)
			must(t, 0, "/rt scale jenkins 1")
			before := head(t)
			faultAt(t, "query repository", map[string]any{"kind": "slow", "wait": int64(2 * time.Second), "times": 1})
			done := make(chan said, 1)
			go func() { done <- say(t, "/rt scale jenkins 4") }()
			waitForOperation(t, "scale jenkins 4", "under way") // the slow answer holds it
			push(t, func(dir string) { test.edit(t, dir) })
			got := <-done
			if got.status != test.status {
				t.Errorf("status %d, want %d\n%s%s", got.status, test.status, got.out, got.err)
			}
			wants(t, got.out, test.says...)
			if n, changed := commits(t, before); n != test.ours+1 {
				t.Errorf("got %d commits that change %q, want theirs and %d of ours", n, changed, test.ours)
			}
		})
	}
	serve(t)
	must(t, 0, "/rt scale jenkins 1")
}

func TestGitHubRefuses(t *testing.T) {
	before := head(t)
	tests := map[string]struct {
		fault map[string]any
		says  string
	}{
		"the token is no longer good": {map[string]any{"kind": "bad-credentials"}, "does not accept the bot's token"},
		"too many requests":           {map[string]any{"kind": "secondary-limit", "wait": int64(time.Hour)}, "GitHub asks to slow down"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			serve(t) // a bot that was asked to slow down does so, whatever comes next
			test.fault["times"] = 10
			fault(t, test.fault)
			wants(t, must(t, 2, "/rt scale gitea 7"), test.says, "Nothing was changed")
		})
	}
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
}

// One failure of each kind that passes by itself costs a try, and no more.
func TestGitHubStumbles(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale gitea 1")
	for kind, n := range map[string]string{"server-error": "2", "bad-gateway": "3", "truncated": "4", "html": "5"} {
		t.Run(kind, func(t *testing.T) {
			before := head(t)
			fault(t, map[string]any{"kind": kind, "times": 1})
			must(t, 0, "/rt scale gitea "+n)
			if n, _ := commits(t, before); n != 1 {
				t.Errorf("got %d commits, want one", n)
			}
		})
	}
	must(t, 0, "/rt scale gitea 1")
}

func TestTheClusterWouldNotTakeIt(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale gitea 1")
	before := head(t)
	t.Run("an autoscaler owns the replicas", func(t *testing.T) {
		scaler := cluster(t).AutoscalingV2().HorizontalPodAutoscalers("rt")
		_, err := scaler.Create(t.Context(), &autoscalingv2.HorizontalPodAutoscaler{
			ObjectMeta: metav1.ObjectMeta{Name: "gitea"},
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "gitea"},
				MinReplicas:    new(int32(1)), MaxReplicas: 5,
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		wants(t, must(t, 2, "/rt scale gitea 3"), "The autoscaler gitea owns the replicas of gitea, between 1 and 5")
		if err := scaler.Delete(t.Context(), "gitea", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("the quota has no room", func(t *testing.T) {
		quotas := cluster(t).CoreV1().ResourceQuotas("rt")
		_, err := quotas.Create(t.Context(), &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Name: "small"},
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("6")}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 20*time.Second, "the quota counts", func() error {
			q, err := quotas.Get(t.Context(), "small", metav1.GetOptions{})
			if err == nil && len(q.Status.Hard) == 0 {
				err = errorf("not yet")
			}
			return err
		})
		wants(t, must(t, 2, "/rt scale gitea 12"), "The quota small has no room for this", "the limit is 6")
		if err := quotas.Delete(t.Context(), "small", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
}

// The StatefulSet is on the list of what is protected: any change of it needs somebody else.
func TestAStatefulSetScales(t *testing.T) {
	serve(t)
	for _, n := range []string{"2", "1"} {
		waiting := must(t, 2, "/rt scale postgres "+n)
		wants(t, waiting, "StatefulSet/postgres is protected", "needs an approval")
		_, after, _ := strings.Cut(waiting, "/rt approve ")
		op := strings.Fields(after)[0]
		must(t, 0, "--as", "dave", "/rt approve "+op)
		waitFor(t, "/rt ops "+op, "done")
		wants(t, must(t, 0, "/rt status postgres"), n+" of "+n)
	}
}

// A page of another site, or a name that somebody made point at this machine, gets nothing.
func TestTheWebChatAnswersItsOwnPageOnly(t *testing.T) {
	serve(t)
	tests := map[string]func(*http.Request){
		"another host":   func(r *http.Request) { r.Host = "evil.example:80" },
		"another origin": func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") },
		"a form of another site": func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
	}
	for name, alter := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, world["RT_URL"]+"/say", strings.NewReader(`{"line":"/rt help","key":"k"}`))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			alter(r)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("status %d, want 403", resp.StatusCode)
			}
		})
	}
}
