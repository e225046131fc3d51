package githubtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v92/github"

	"rtbot/gitops/github/githubtest"
)

const infra = `name: infra
on:
  workflow_dispatch:
    inputs:
      reason: {required: true, type: string}
      stage: {type: choice, options: [all, secrets], default: all}
jobs:
  terraform:
    steps:
      - name: Apply
        run: terraform apply
      - uses: actions/upload-artifact@v4
  argocd:
    needs: terraform
    steps: [{run: kubectl apply}]
  infra-secrets:
    needs: [argocd]
    steps: [{name: Make the secret, run: kubectl create secret}]
`

// world is a server with workflows, and a client of GitHub's own kind.
type world struct {
	*githubtest.Server
	t   *testing.T
	url string
	// ended gets a word for each job that has been done.
	ended chan string

	mu    sync.Mutex
	clock time.Time
	fails map[string]bool
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// do is the Runner: it says something, leaves the kubeconfig, and fails where the test wants it.
func (w *world) do(_ context.Context, j githubtest.Job) error {
	_, _ = fmt.Fprintf(j.Log, "this is %s, attempt %d, because %s\n", j.Name, j.Attempt, j.Inputs["reason"])
	if j.Name == "terraform" {
		j.Upload("kubeconfig.yaml", []byte("apiVersion: v1\n"))
	}
	w.mu.Lock()
	w.clock = w.clock.Add(time.Second)
	fails := w.fails[j.Name]
	w.mu.Unlock()
	w.ended <- j.Name
	if fails {
		return errors.New("it was not to be")
	}
	return nil
}

func startActions(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ended: make(chan string, 100), clock: time.Unix(1_800_000_000, 0).UTC(), fails: map[string]bool{}}
	files := map[string]string{
		".github/workflows/infra.yml": infra, ".github/workflows/lint.yaml": "on: [push]\njobs: {lint: {}}\n", "README.md": "x\n",
	}
	gitDir := filepath.Join(t.TempDir(), "forge.git")
	if err := githubtest.Create(t.Context(), gitDir, "main", files, w.clock); err != nil {
		t.Fatal(err)
	}
	permissions := func(p ...string) map[string]string {
		all := map[string]string{"metadata": "read"}
		for i := 0; i+1 < len(p); i += 2 {
			all[p[i]] = p[i+1]
		}
		return all
	}
	l := start(t, func(c *githubtest.Config) {
		c.GitDir, c.Now, c.Runner = gitDir, w.now, w.do
		c.Tokens["starter"] = githubtest.Token{Login: "rt-bot", Permissions: permissions("actions", "write", "secrets", "read")}
		c.Tokens["watcher"] = githubtest.Token{Login: "carol", Permissions: permissions("actions", "read")}
	})
	w.Server, w.url = l.Server, l.url
	return w
}

// work lets the runner run until the test is over.
func (w *world) work() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			w.t.Errorf("the runner ended: %v", err)
		}
	})
}

func (w *world) client(token string) *github.Client {
	w.t.Helper()
	client, err := github.NewClient(github.WithAuthToken(token), github.WithEnterpriseURLs(w.url, w.url))
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// dispatch starts infra.yml and gives its run.
func (w *world) dispatch(c *github.Client) int64 {
	w.t.Helper()
	got, _, err := c.Actions.CreateWorkflowDispatchEventByFileName(w.t.Context(), "org", "forge", "infra.yml",
		github.CreateWorkflowDispatchEventRequest{
			Ref: "main", Inputs: map[string]any{"reason": "a test"}, ReturnRunDetails: new(true),
		})
	if err != nil {
		w.t.Fatal(err)
	}
	return got.GetWorkflowRunID()
}

// wait takes the jobs that ended and waits until GitHub says that the run did.
func (w *world) wait(c *github.Client, run int64, jobs ...string) *github.WorkflowRun {
	w.t.Helper()
	for _, want := range jobs {
		if got := <-w.ended; got != want {
			w.t.Fatalf("%s ended, want %s", got, want)
		}
	}
	for {
		got, _, err := c.Actions.GetWorkflowRunByID(w.t.Context(), "org", "forge", run)
		if err != nil {
			w.t.Fatal(err)
		}
		if got.GetStatus() == "completed" {
			return got
		}
	}
}

func (w *world) jobs(c *github.Client, run int64) map[string]*github.WorkflowJob {
	w.t.Helper()
	list, _, err := c.Actions.ListWorkflowJobs(w.t.Context(), "org", "forge", run, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	byName := map[string]*github.WorkflowJob{}
	for _, j := range list.Jobs {
		byName[j.GetName()] = j
	}
	return byName
}

func TestWorkflowRuns(t *testing.T) {
	t.Parallel()
	w := startActions(t)
	c, ctx := w.client("starter"), t.Context()
	run := w.dispatch(c)
	if got := w.jobs(c, run)["infra-secrets"]; got.GetStatus() != "queued" || got.Conclusion != nil || got.StartedAt != nil {
		t.Errorf("before the runner works: %v", got)
	}
	if _, _, err := c.Actions.GetWorkflowJobLogs(ctx, "org", "forge", w.jobs(c, run)["argocd"].GetID(), 0); err == nil {
		t.Error("a job that has not run has a log")
	}
	w.work()
	got := w.wait(c, run, "terraform", "argocd", "infra-secrets")
	want := &github.WorkflowRun{
		Name: new("infra"), Path: new(".github/workflows/infra.yml"), Event: new("workflow_dispatch"),
		HeadBranch: new("main"), RunNumber: new(1), RunAttempt: new(1), Status: new("completed"), Conclusion: new("success"),
	}
	short := &github.WorkflowRun{
		Name: got.Name, Path: got.Path, Event: got.Event, HeadBranch: got.HeadBranch, RunNumber: got.RunNumber,
		RunAttempt: got.RunAttempt, Status: got.Status, Conclusion: got.Conclusion,
	}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
	job := w.jobs(c, run)["argocd"]
	if took := job.GetCompletedAt().Sub(job.GetStartedAt().Time); took != time.Second || job.GetConclusion() != "success" {
		t.Errorf("argocd took %v and is %v", took, job)
	}
	if text := w.log(c, job.GetID()); text != "2027-01-15T08:00:01.0000000Z this is argocd, attempt 1, because a test\n" {
		t.Errorf("its log: %q", text)
	}
	files, _, err := c.Actions.ListWorkflowRunArtifacts(ctx, "org", "forge", run, nil)
	if err != nil || len(files.Artifacts) != 1 || files.Artifacts[0].GetName() != "kubeconfig.yaml" {
		t.Errorf("artifacts: %v, %v", files, err)
	}
	runs, _, err := c.Actions.ListWorkflowRunsByFileName(ctx, "org", "forge", "infra.yml", &github.ListWorkflowRunsOptions{Status: "success"})
	if err != nil || runs.GetTotalCount() != 1 {
		t.Errorf("runs: %v, %v", runs, err)
	}
	workflows, _, err := c.Actions.ListWorkflows(ctx, "org", "forge", nil)
	if err != nil || workflows.GetTotalCount() != 2 {
		t.Errorf("workflows: %v, %v", workflows, err)
	}
}

// log follows the way to a job's log.
func (w *world) log(c *github.Client, job int64) string {
	w.t.Helper()
	at, _, err := c.Actions.GetWorkflowJobLogs(w.t.Context(), "org", "forge", job, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func TestRerunOfOneJob(t *testing.T) {
	t.Parallel()
	w := startActions(t)
	w.fails["argocd"] = true
	w.work()
	c, ctx := w.client("starter"), t.Context()
	run := w.dispatch(c)
	if got := w.wait(c, run, "terraform", "argocd"); got.GetConclusion() != "failure" {
		t.Errorf("the run is %s", got.GetConclusion())
	}
	before := w.jobs(c, run)
	if got := before["infra-secrets"].GetConclusion(); got != "skipped" {
		t.Errorf("the job after the one that failed is %s", got)
	}
	if text := w.log(c, before["argocd"].GetID()); !strings.Contains(text, "##[error]it was not to be") {
		t.Errorf("the log of the job that failed: %q", text)
	}
	w.mu.Lock()
	w.fails["argocd"] = false
	w.mu.Unlock()
	if _, err := c.Actions.RerunJobByID(ctx, "org", "forge", before["argocd"].GetID()); err != nil {
		t.Fatal(err)
	}
	if got := w.wait(c, run, "argocd", "infra-secrets"); got.GetConclusion() != "success" || got.GetRunAttempt() != 2 {
		t.Errorf("after it: %v", got)
	}
	after := w.jobs(c, run)
	if after["terraform"].GetStartedAt() != before["terraform"].GetStartedAt() {
		t.Error("a job that was not asked for was run again")
	}
	if after["argocd"].GetID() == before["argocd"].GetID() || after["argocd"].GetRunAttempt() != 2 {
		t.Errorf("the new try is %v", after["argocd"])
	}
	old, _, err := c.Actions.ListWorkflowJobsAttempt(ctx, "org", "forge", run, 1, nil)
	if err != nil || len(old.Jobs) != 3 || old.Jobs[1].GetConclusion() != "failure" {
		t.Errorf("the first attempt: %v, %v", old, err)
	}
}
