package githubtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestStartsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := startActions(t)
	c := w.client("starter")
	run := w.dispatch(c)
	job := w.jobs(c, run)["infra-secrets"].GetID()
	at := "/repos/org/forge/actions"
	infraAt, rerunJob := at+"/workflows/infra.yml/dispatches", fmt.Sprintf("%s/jobs/%d/rerun", at, job)
	rerunRun := fmt.Sprintf("%s/runs/%d/rerun", at, run)
	w.refused(rerunJob, "starter", "", 403, "The workflow run containing this job is already running")
	w.refused(rerunRun, "starter", "", 403, "This workflow is already running")
	w.work()
	w.wait(c, run, "terraform", "argocd", "infra-secrets")
	w.refused(rerunJob, "watcher", "", 403, "Resource not accessible by personal access token")
	w.refused(rerunJob, blind, "", 404, "Not Found")
	w.refused(at+"/jobs/1/rerun", "starter", "", 404, "Not Found")
	w.refused(at+"/workflows/nope.yml/dispatches", "starter", `{"ref":"main"}`, 404, "Not Found")
	w.refused(at+"/workflows/lint.yaml/dispatches", "starter", `{"ref":"main"}`, 422,
		"Workflow does not have 'workflow_dispatch' trigger")
	w.refused(infraAt, "starter", `{"ref":"nope"}`, 422, "No ref found for: nope")
	w.refused(infraAt, "starter", `{"ref":"main"}`, 422, "Required input 'reason' not provided")
	w.refused(infraAt, "starter", `{"ref":"main","inputs":{"reson":"x"}}`, 422, `Unexpected inputs provided: ["reson"]`)
	w.refused(infraAt, "starter", `{"ref":"main","inputs":{"reason":"x","stage":"none"}}`, 422,
		"Provided value 'none' for input 'stage' not in the list of allowed values: all, secrets")
	w.mu.Lock()
	w.clock = w.clock.AddDate(0, 0, 31)
	w.mu.Unlock()
	w.refused(rerunJob, "starter", "", 403, "Unable to re-run this job because the workflow run was created over a month ago")
	w.refused(rerunRun, "starter", "", 403, "Unable to retry this workflow run because it was created over a month ago")
}

func (w *world) refused(path, token, body string, status int, message string) {
	w.t.Helper()
	got := (&lab{t: w.t, url: w.url}).do(http.MethodPost, path, token, body)
	if text, _ := got.body["message"].(string); got.status != status || text != message {
		w.t.Errorf("%s: %d %q, want %d %q", path, got.status, text, status, message)
	}
}

func TestDispatchWithoutDetails(t *testing.T) {
	t.Parallel()
	w := startActions(t)
	body := `{"ref":"main","inputs":{"reason":"x"}}`
	got := (&lab{t: t, url: w.url}).do(http.MethodPost, "/repos/org/forge/actions/workflows/infra.yml/dispatches", "starter", body)
	if got.status != http.StatusNoContent || got.text != "" {
		t.Errorf("got %d %q", got.status, got.text)
	}
}

func TestRepositorySecrets(t *testing.T) {
	t.Parallel()
	w := startActions(t)
	first := w.now()
	w.SetSecret("DOCKER_PASSWORD")
	w.mu.Lock()
	w.clock = w.clock.Add(time.Hour)
	w.mu.Unlock()
	w.SetSecret("docker_password")
	got, _, err := w.client("starter").Actions.GetRepoSecret(t.Context(), "org", "forge", "DOCKER_PASSWORD")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "DOCKER_PASSWORD" || !got.CreatedAt.Time.Equal(first) || got.UpdatedAt.Sub(first) != time.Hour {
		t.Errorf("got %+v", got)
	}
	list, _, err := w.client("starter").Actions.ListRepoSecrets(t.Context(), "org", "forge", nil)
	if err != nil || list.TotalCount != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
	if _, resp, err := w.client("watcher").Actions.ListRepoSecrets(t.Context(), "org", "forge", nil); err == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("without the permission: %v", err)
	}
}
