package handlers_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
)

const infra = `name: infra
on: {workflow_dispatch: {}}
jobs:
  terraform: {steps: [{run: terraform apply}]}
  infra-secrets: {needs: terraform, steps: [{run: kubectl create secret}]}
`

// actions is GitHub with a workflow, and what the bot asks it by.
type actions struct {
	server *githubtest.Server
	repo   *github.Repository
	url    string
	// ran counts how often infra-secrets was run, and fails is true where it ends badly.
	ran   atomic.Int32
	fails atomic.Bool
	clock atomic.Int64
}

func newActions(t *testing.T) *actions {
	t.Helper()
	a := &actions{}
	a.clock.Store(time.Now().UnixNano())
	dir := filepath.Join(t.TempDir(), "forge.git")
	if err := githubtest.Create(t.Context(), dir, "main", map[string]string{".github/workflows/infra.yml": infra}, time.Now()); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Unix(0, a.clock.Load()) }
	var err error
	a.server, err = githubtest.New(githubtest.Config{
		GitDir: dir, Owner: "rt", Name: "forge", Branch: "main", Now: now,
		Tokens: map[string]githubtest.Token{
			"t":    {Login: "rt-bot", Permissions: map[string]string{"actions": "write", "metadata": "read"}},
			"read": {Login: "reader", Permissions: map[string]string{"actions": "read", "metadata": "read"}},
		},
		Runner: func(_ context.Context, j githubtest.Job) error {
			if j.Name != "infra-secrets" {
				return nil
			}
			a.ran.Add(1)
			if a.fails.Load() {
				return errors.New("the token is wrong")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(a.server)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = a.server.Run(ctx)
	}()
	t.Cleanup(func() {
		listener.Close()
		cancel()
		<-stopped
	})
	a.url = listener.URL
	a.repo = a.as(t, "t")
	return a
}

func (a *actions) as(t *testing.T, token string) *github.Repository {
	t.Helper()
	repo, err := github.New(github.Config{
		Repository: "rt/forge", Branch: "main", APIURL: a.url, Now: time.Now,
		Token: func(context.Context) (string, error) { return token, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// dispatch starts the whole workflow, as somebody in GitHub would.
func (a *actions) dispatch(t *testing.T) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, a.url+"/repos/rt/forge/actions/workflows/infra.yml/dispatches", strings.NewReader(`{"ref":"main"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

// renewing is an act that is followed to its end.
type renewing interface {
	change.Act
	Follow(ctx context.Context, seen change.Sight) error
}

func renewal(t *testing.T, repo *github.Repository, w handlers.Workflow) renewing {
	t.Helper()
	w.Every = 10 * time.Millisecond
	action, err := handlers.RenewSecrets(w, repo).Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	act, ok := action.Change.Act.(renewing)
	if !ok {
		t.Fatal("it is not followed")
	}
	return act
}

var theWorkflow = handlers.Workflow{File: "infra.yml", Job: "infra-secrets"}

// begun is a run of the workflow that has ended.
func (a *actions) begun(t *testing.T) change.Sight {
	t.Helper()
	a.dispatch(t)
	for {
		seen, err := renewal(t, a.repo, theWorkflow).Look(t.Context(), change.App{})
		if err == nil {
			return seen
		}
		if refused, _ := refusal.Of(err); refused == nil || refused.Key != "refused.run-busy" {
			t.Fatal(err)
		}
	}
}

func TestTheJobThatMakesTheSecretsIsRunAgain(t *testing.T) {
	for name, lost := range map[string]bool{"with an answer": false, "with the answer lost": true} {
		t.Run(name, func(t *testing.T) {
			a := newActions(t)
			seen, act := a.begun(t), renewal(t, a.repo, theWorkflow)
			if done, err := act.Done(t.Context(), change.App{}, seen); done || err != nil {
				t.Errorf("it is done before it was begun, error %v", err)
			}
			if lost {
				a.server.Fault(githubtest.Fault{Operation: "POST /repos/{owner}/{repo}/actions/jobs/{job}/rerun", Kind: githubtest.Drop, Done: true, Times: 1})
			}
			err := act.Do(t.Context(), change.App{}, seen)
			if lost != errors.Is(err, gitops.ErrOutcomeUnknown) || !lost && err != nil {
				t.Fatalf("got %v", err)
			}
			if done, err := act.Done(t.Context(), change.App{}, seen); !done || err != nil {
				t.Errorf("it is not found again, error %v", err)
			}
			if err := act.Follow(t.Context(), seen); err != nil || a.ran.Load() != 2 {
				t.Errorf("it ended with %v after %d runs, want two", err, a.ran.Load())
			}
			if seen.Subject != "infra-secrets" || !strings.Contains(seen.Link, "/rt/forge/actions/runs/") {
				t.Errorf("it is about %+v", seen)
			}
		})
	}
}

func TestAJobThatFailsIsSaid(t *testing.T) {
	a := newActions(t)
	seen, act := a.begun(t), renewal(t, a.repo, theWorkflow)
	a.fails.Store(true)
	if err := act.Do(t.Context(), change.App{}, seen); err != nil {
		t.Fatal(err)
	}
	refused, _ := refusal.Of(act.Follow(t.Context(), seen))
	if refused == nil || refused.Key != "failed.job" || refused.With["Conclusion"] != "failure" {
		t.Errorf("got %+v", refused)
	}
}

func TestWhySecretsCannotBeRenewed(t *testing.T) {
	a := newActions(t)
	look := func(repo *github.Repository, w handlers.Workflow) string {
		_, err := renewal(t, repo, w).Look(t.Context(), change.App{})
		refused, _ := refusal.Of(err)
		if refused == nil {
			t.Fatalf("got %v", err)
		}
		return refused.Key
	}
	if got := look(nil, handlers.Workflow{}); got != "refused.no-workflow" {
		t.Errorf("without a workflow: %s", got)
	}
	if got := look(a.repo, theWorkflow); got != "refused.no-run" {
		t.Errorf("without a run: %s", got)
	}
	seen := a.begun(t)
	if got := look(a.repo, handlers.Workflow{File: "infra.yml", Job: "other"}); got != "refused.no-run" {
		t.Errorf("without such a job: %s", got)
	}
	do := func(repo *github.Repository) string {
		refused, _ := refusal.Of(renewal(t, repo, theWorkflow).Do(t.Context(), change.App{}, seen))
		if refused == nil {
			return ""
		}
		return refused.Key
	}
	if got := do(a.as(t, "read")); got != "refused.run-forbidden" {
		t.Errorf("with a token that only reads: %s", got)
	}
	a.clock.Add(int64(31 * 24 * time.Hour))
	if got := do(a.repo); got != "refused.run-too-old" {
		t.Errorf("after a month: %s", got)
	}
}

// fakeRestarts is an app and what Argo CD does to it.
type fakeRestarts struct {
	workload k8sops.Workload
	err      error
	did      []string
}

func (f *fakeRestarts) Workload(context.Context, k8sops.Object) (k8sops.Workload, error) {
	return f.workload, f.err
}

func (f *fakeRestarts) RunResourceAction(_ context.Context, application string, o gitops.Object, action string) error {
	f.did = append(f.did, application+" "+o.String()+" "+action)
	if f.err == nil {
		f.workload.Restarted = "2026-11-24T12:00:00Z"
	}
	return f.err
}

func TestARestartIsArgoCDsOwnAction(t *testing.T) {
	far := &fakeRestarts{workload: k8sops.Workload{Desired: 1}}
	action, err := handlers.Restart(far, far).Parse([]string{"gitea"})
	if err != nil {
		t.Fatal(err)
	}
	act := action.Change.Act
	seen, err := act.Look(t.Context(), apps[0])
	if err != nil {
		t.Fatal(err)
	}
	if done, _ := act.Done(t.Context(), apps[0], seen); done {
		t.Error("it is done before it was asked for")
	}
	if err := act.Do(t.Context(), apps[0], seen); err != nil || len(far.did) != 1 || far.did[0] != "layer-03-apps Deployment/gitea restart" {
		t.Errorf("did %q, error %v", far.did, err)
	}
	if done, err := act.Done(t.Context(), apps[0], seen); !done || err != nil {
		t.Errorf("it is not found again, error %v", err)
	}
	again, _ := act.Look(t.Context(), apps[0])
	if err := act.Do(t.Context(), apps[0], again); !errors.Is(err, gitops.ErrOutcomeUnknown) {
		t.Errorf("in the same second: %v", err)
	}
	far.workload.Desired = 0
	_, err = act.Look(t.Context(), apps[0])
	if refused, _ := refusal.Of(err); refused == nil || refused.Key != "refused.no-replicas" {
		t.Errorf("without pods: %v", err)
	}
	far.err = &gitops.RefusedError{Code: gitops.Forbidden}
	if refused, _ := refusal.Of(act.Do(t.Context(), apps[0], seen)); refused == nil || refused.Key != "argocd.refused" {
		t.Errorf("refused: %v", refused)
	}
	far.err = gitops.ErrOutcomeUnknown
	if err := act.Do(t.Context(), apps[0], seen); !errors.Is(err, gitops.ErrOutcomeUnknown) {
		t.Errorf("with its answer lost: %v", err)
	}
}
