package githubtest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// rerunAge is how long after its first start a run can be run again.
const rerunAge = 30 * 24 * time.Hour

// startRoutes are what starts a run or runs it again.
func (s *Server) startRoutes() []route {
	at := "POST /repos/{owner}/{repo}/actions"
	start := func(pattern string, answer func(*request) (any, error)) route {
		return route{pattern: at + pattern, resource: "actions", access: "write", answer: answer}
	}
	return []route{
		start("/workflows/{workflow}/dispatches", s.dispatch),
		start("/runs/{run}/rerun", s.rerunAll),
		start("/runs/{run}/rerun-failed-jobs", s.rerunFailed),
		start("/jobs/{job}/rerun", s.rerunJob),
	}
}

// dispatch starts a workflow as the branch or tag has it. The answer is empty, or says which run it is if that is asked.
func (s *Server) dispatch(r *request) (any, error) {
	var body struct {
		Ref     string         `json:"ref"`
		Inputs  map[string]any `json:"inputs"`
		Details bool           `json:"return_run_details"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		return nil, &apiError{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}
	}
	if _, err := s.workflow(r.Context(), s.config.Branch, r.PathValue("workflow")); err != nil {
		return nil, err
	}
	sha, err := s.git.commit(r.Context(), body.Ref)
	if errors.Is(err, errMissing) {
		return nil, unprocessable("No ref found for: " + body.Ref)
	}
	if err != nil {
		return nil, err
	}
	w, err := s.workflow(r.Context(), sha, r.PathValue("workflow"))
	if err != nil {
		return nil, err
	}
	if !w.dispatch {
		return nil, unprocessable("Workflow does not have 'workflow_dispatch' trigger")
	}
	inputs, err := w.fill(body.Inputs)
	if err != nil {
		return nil, err
	}
	started := &run{
		workflow: w, event: "workflow_dispatch", branch: body.Ref, sha: sha, actor: r.token.Login, inputs: inputs,
	}
	if err := s.actions.start(started); err != nil {
		return nil, err
	}
	if !body.Details {
		return reply{status: http.StatusNoContent}, nil
	}
	path := "/actions/runs/" + number(started.id)
	return map[string]any{
		"workflow_run_id": started.id, "run_url": s.api(r, path), "html_url": s.html(r, path),
	}, nil
}

// start adds a run and its first attempt.
func (a *actions) start(r *run) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r.id, r.number, r.created = firstRun+int64(len(a.runs)), 1, a.config.Now()
	for _, other := range a.runs {
		if other.workflow.path == r.workflow.path {
			r.number++
		}
	}
	first := &attempt{}
	for _, spec := range r.workflow.jobs {
		first.jobs = append(first.jobs, &job{spec: spec})
	}
	if err := a.enqueue(r, r.actor, first.all()); err != nil {
		return err
	}
	a.runs = append(a.runs, r)
	return nil
}

func (s *Server) rerunAll(r *request) (any, error) {
	return s.rerunRun(r, (*attempt).all)
}

func (s *Server) rerunFailed(r *request) (any, error) {
	return s.rerunRun(r, (*attempt).unsuccessful)
}

func (s *Server) rerunRun(r *request, which func(*attempt) map[string]bool) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, last, err := s.actions.asked(r)
	if err != nil {
		return nil, err
	}
	if last.status != completed {
		return nil, denied("This workflow is already running")
	}
	if s.config.Now().Sub(run.created) > rerunAge {
		return nil, denied("Unable to retry this workflow run because it was created over a month ago")
	}
	names := which(last)
	if len(names) == 0 {
		return nil, denied("This workflow run cannot be retried")
	}
	return created(s.actions.enqueue(run, r.token.Login, names))
}

// rerunJob runs one job and those that need it again, in a new attempt.
func (s *Server) rerunJob(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, j, err := s.actions.job(r.PathValue("job"))
	if err != nil {
		return nil, err
	}
	last := run.latest()
	if last.status != completed {
		return nil, denied("The workflow run containing this job is already running")
	}
	if s.config.Now().Sub(run.created) > rerunAge {
		return nil, denied("Unable to re-run this job because the workflow run was created over a month ago")
	}
	return created(s.actions.enqueue(run, r.token.Login, last.dependents(j.spec.name)))
}

func created(err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return reply{status: http.StatusCreated, body: []byte("{}")}, nil
}

func denied(message string) *apiError {
	return &apiError{
		Status: http.StatusForbidden, Message: message, DocumentationURL: docs + "/actions/workflow-runs",
	}
}
