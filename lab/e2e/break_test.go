//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// broken is what `lab break --list --json` says of a scenario.
type broken struct{ Name, App, Code, Reason, Why string }

func scenarios(t *testing.T) []broken {
	t.Helper()
	var all []broken
	if err := json.Unmarshal([]byte(labSays(t, "break", "--list", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// labSays runs a command of the lab's program that has to work.
func labSays(tb testing.TB, args ...string) string {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), binary("lab"), args...).CombinedOutput()
	if err != nil {
		tb.Fatalf("lab %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// How a pod looks in each scenario: a part of what stands in its status or in its events.
var looks = map[string]string{
	"no-secret": "pull access denied", "late-secret": "ImagePullBackOff", "wrong-namespace": "pull access denied",
	"wrong-type": "pull access denied", "no-entry": "pull access denied", "sa-not-patched": "pull access denied",
	"wrong-token":   "failed to fetch oauth token: unexpected status from GET request to https://auth.docker.io/token",
	"expired-token": "personal access token is expired", "forbidden": "403 Forbidden",
	"missing-tag": "rpc error: code = NotFound desc = failed to pull", "missing-repository": "insufficient_scope",
	"rate-limit": "429 Too Many Requests", "wrong-platform": "no match for platform in manifest: not found",
	"registry-down": "connection refused", "bad-certificate": "x509: certificate signed by unknown authority",
	"crash-loop": "CrashLoopBackOff", "out-of-memory": "OOMKilled", "failing-probe": "Readiness probe failed",
	"init-failure": "Back-off restarting failed container migrate", "unschedulable-cpu": "Insufficient cpu",
	"unschedulable-taint": "untolerated taint {maintenance", "unschedulable-affinity": "node affinity/selector",
	"unbound-volume": "unbound immediate PersistentVolumeClaims", "missing-configmap": `configmap "app-settings" not found`,
	"missing-secret": `secret "app-password" not found`, "missing-key": "couldn't find key password in Secret rt/break-missing-key",
	"quota": "exceeded quota", "evicted": "The node was low on resource: memory", "node-not-ready": "NodeNotReady",
	"stuck-terminating": "rt.lab/hold", "bad-rollout": "readiness gate",
}

// Each scenario makes a state that shows in the cluster, the bot says what it is, and nothing is left of it afterwards.
func TestEachScenarioIsBrokenNamedAndMended(t *testing.T) {
	serve(t)
	if len(scenarios(t)) != len(looks) {
		t.Fatalf("got %d scenarios, want %d", len(scenarios(t)), len(looks))
	}
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) {
			if got := strings.TrimSpace(labSays(t, "break", s.Name, "--dir", labDir)); got != "app="+s.App {
				t.Errorf("got %q, want app=%s", got, s.App)
			}
			eventually(t, 20*time.Second, s.Name, func() error {
				if seen := everythingOf(t, s.App); !strings.Contains(seen, looks[s.Name]) {
					return errorf("%q is not in %s", looks[s.Name], seen)
				}
				return nil
			})
			named(t, s)
			labSays(t, "mend", s.Name, "--dir", labDir)
			after(t, s)
		})
	}
	eventually(t, 20*time.Second, "the Applications", synced(t))
}

// named holds what the bot says of a broken app against what is so, in both languages.
func named(t *testing.T, s broken) {
	t.Helper()
	type answer struct {
		Title    string
		Table    struct{ Rows [][]string }
		Findings []struct{ Code, Reason string }
	}
	var english, french answer
	for language, into := range map[string]*answer{"en": &english, "fr": &french} {
		got := say(t, "--json", "--language", language, "/rt why "+s.App)
		lines := strings.Split(strings.TrimSpace(got.out), "\n")
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil || got.status != 0 {
			t.Fatalf("status %d, %v:\n%s%s", got.status, err, got.out, got.err)
		}
		if len(into.Findings) == 0 || into.Findings[0].Code != s.Code || into.Findings[0].Reason != s.Reason {
			t.Errorf("%s: got %+v first, want %s %s: %s", language, into.Findings, s.Code, s.Reason, into.Title)
		}
		if len(into.Table.Rows) == 0 || len(into.Table.Rows[0]) != 3 || into.Table.Rows[0][2] == "" {
			t.Errorf("%s: got no resolution in %v", language, into.Table.Rows)
		}
	}
	if english.Title == "" || english.Title == french.Title {
		t.Errorf("got the headlines %q and %q", english.Title, french.Title)
	}
	t.Logf("%s: %s | %s", s.Name, english.Title, french.Title)
}

// everythingOf is what the cluster says of an app: its pods, and the events of its pods and ReplicaSets.
func everythingOf(t *testing.T, app string) string {
	t.Helper()
	core, ctx := cluster(t).CoreV1(), t.Context()
	pods, err := core.Pods("rt").List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	events, err := core.Events("rt").List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	events.Items = slices.DeleteFunc(events.Items, func(e corev1.Event) bool {
		return !strings.HasPrefix(e.InvolvedObject.Name, app)
	})
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode([]any{pods.Items, events.Items}); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`\"`, `"`).Replace(text.String())
}

// after looks for what mending must not leave: an app of the scenario's own, or mon-app without a running pod.
func after(t *testing.T, s broken) {
	t.Helper()
	if s.App == "mon-app" {
		if want, ready := running(t, s.App); want != 1 || ready != 1 {
			eventually(t, 10*time.Second, "mon-app runs", func() error {
				if _, ready := running(t, s.App); ready != 1 {
					return errorf("%d are ready", ready)
				}
				return nil
			})
		}
		return
	}
	pods, err := cluster(t).CoreV1().Pods("rt").List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + s.App})
	if err != nil || len(pods.Items) > 0 {
		t.Errorf("%d pods are left, error %v", len(pods.Items), err)
	}
}

func synced(t *testing.T) func() error {
	t.Helper()
	return func() error {
		for _, name := range []string{"layer-01-initialisation", "layer-02-database"} {
			if got := application(t, name); got != "Synced" {
				return errorf("%s is %s", name, got)
			}
		}
		return nil
	}
}

func application(t *testing.T, name string) string {
	t.Helper()
	var a struct {
		Status struct {
			Sync struct{ Status string } `json:"sync"`
		} `json:"status"`
	}
	ask(t, http.MethodGet, "http://"+world["ARGOCD_SERVER"]+"/api/v1/applications/"+name+"?refresh=normal", world["ARGOCD_TOKEN"], &a)
	return a.Status.Sync.Status
}

// ask asks one of the lab's servers for JSON.
func ask(t *testing.T, method, url, token string, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %s", url, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}

// The workflow has run once when the lab is ready, and its third job mends a secret that is out of date: run again by
// itself, and the app restarted.
func TestTheThirdJobMendsAStaleSecret(t *testing.T) {
	labSays(t, "break", "wrong-token", "--dir", labDir)
	at := world["GITHUB_API_URL"] + "/repos/rt/forge/actions"
	var runs struct {
		Runs []struct {
			ID         int64
			Conclusion string
		} `json:"workflow_runs"`
	}
	ask(t, http.MethodGet, at+"/workflows/infra.yml/runs?per_page=1", world["GITHUB_TOKEN"], &runs)
	if len(runs.Runs) != 1 || runs.Runs[0].Conclusion != "success" {
		t.Fatalf("got runs %+v", runs)
	}
	jobs := fmt.Sprintf("%s/runs/%d/jobs", at, runs.Runs[0].ID)
	var before, now struct {
		Jobs []struct {
			ID               int64
			Name, Conclusion string
		} `json:"jobs"`
	}
	ask(t, http.MethodGet, jobs, world["GITHUB_TOKEN"], &before)
	job := before.Jobs[2]
	if job.Name != "infra-secrets" {
		t.Fatalf("the third job is %s", job.Name)
	}
	ask(t, http.MethodPost, fmt.Sprintf("%s/jobs/%d/rerun", at, job.ID), world["GITHUB_TOKEN"], &struct{}{})
	eventually(t, 10*time.Second, "the job", func() error {
		ask(t, http.MethodGet, jobs, world["GITHUB_TOKEN"], &now)
		if got := now.Jobs[2]; got.ID == job.ID || got.Conclusion != "success" {
			return errorf("it is %+v", got)
		}
		return nil
	})
	pods := cluster(t).CoreV1().Pods("rt")
	if err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "app=mon-app"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "mon-app", func() error {
		if _, ready := running(t, "mon-app"); ready != 1 {
			return errorf("%d are ready", ready)
		}
		return nil
	})
	labSays(t, "mend", "wrong-token", "--dir", labDir)
}

// Logs pass through the API server, of the life before too.
func TestLogsOfThePods(t *testing.T) {
	labSays(t, "break", "crash-loop", "--dir", labDir)
	defer labSays(t, "mend", "crash-loop", "--dir", labDir)
	pods := cluster(t).CoreV1().Pods("rt")
	read := func(app string, o corev1.PodLogOptions) string {
		t.Helper()
		list, err := pods.List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
		if err != nil || len(list.Items) == 0 {
			t.Fatalf("%s has %d pods, error %v", app, len(list.Items), err)
		}
		text, err := pods.GetLogs(list.Items[0].Name, &o).DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	wants(t, read("break-crash-loop", corev1.PodLogOptions{Previous: true}), "fatal: password authentication failed")
	three := int64(3)
	if text := read("gitea", corev1.PodLogOptions{TailLines: &three, Timestamps: true}); strings.Count(text, "\n") != 3 {
		t.Errorf("the last three lines are %q", text)
	}
}
