package github_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
)

const workflow = `name: infra
on: {workflow_dispatch: {}}
jobs:
  terraform: {steps: [{run: terraform apply}]}
  infra-secrets: {needs: terraform, steps: [{run: kubectl create secret}]}
`

// acting is a repository with a workflow, whose runs stay queued, and a token that may start it.
func acting(t *testing.T) *world {
	t.Helper()
	return start(t, options{
		files: map[string]string{".github/workflows/infra.yml": workflow},
		token: githubtest.Token{Login: "rt-bot", Permissions: map[string]string{"actions": "write", "metadata": "read"}},
	})
}

// dispatch starts the workflow, as somebody in GitHub would.
func (w *world) dispatch() {
	w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.url+"/repos/org/forge/actions/workflows/infra.yml/dispatches", strings.NewReader(`{"ref":"main"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		w.t.Fatalf("status %d", resp.StatusCode)
	}
}

func TestTheJobOfTheNewestRunIsFound(t *testing.T) {
	w := acting(t)
	w.dispatch()
	w.dispatch()
	got, err := w.repo.NewestJob(t.Context(), "infra.yml", "infra-secrets")
	if err != nil {
		t.Fatal(err)
	}
	want := github.Job{Name: "infra-secrets", Run: 9_000_000_002, Attempt: 1, Page: w.url + "/org/forge/actions/runs/9000000002"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(github.Job{}, "ID", "StartedAt")); diff != "" || got.ID == 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatGitHubRefusesOfAWorkflow(t *testing.T) {
	w := acting(t)
	code := func(err error) gitops.Refusal {
		no, ok := errors.AsType[*gitops.RefusedError](err)
		if !ok {
			t.Errorf("got %v", err)
			return ""
		}
		return no.Code
	}
	_, noRun := w.repo.NewestJob(t.Context(), "infra.yml", "infra-secrets")
	w.dispatch()
	_, noFile := w.repo.NewestJob(t.Context(), "other.yml", "infra-secrets")
	_, noJob := w.repo.NewestJob(t.Context(), "infra.yml", "other")
	job, err := w.repo.NewestJob(t.Context(), "infra.yml", "infra-secrets")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][2]gitops.Refusal{
		"no run":            {code(noRun), gitops.NotFound},
		"no file":           {code(noFile), gitops.NotFound},
		"no job":            {code(noJob), gitops.NotFound},
		"a run that runs":   {code(w.repo.RerunJob(t.Context(), job.ID)), gitops.Busy},
		"a job that is not": {code(w.repo.RerunJob(t.Context(), 1)), gitops.NotFound},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", name, got[0], got[1])
		}
	}
}
