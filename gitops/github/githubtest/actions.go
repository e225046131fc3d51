package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// actionsRoutes are what can be read of the workflows and their runs.
func (s *Server) actionsRoutes() []route {
	at := "GET /repos/{owner}/{repo}/actions"
	read := func(pattern string, answer func(*request) (any, error)) route {
		return route{pattern: pattern, resource: "actions", access: "read", answer: answer}
	}
	return []route{
		read(at+"/workflows", s.listWorkflows),
		read(at+"/workflows/{workflow}", s.getWorkflow),
		read(at+"/workflows/{workflow}/runs", s.listRuns),
		read(at+"/runs", s.listRuns),
		read(at+"/runs/{run}", s.getRun),
		read(at+"/runs/{run}/attempts/{attempt}", s.getRun),
		read(at+"/runs/{run}/jobs", s.listJobs),
		read(at+"/runs/{run}/attempts/{attempt}/jobs", s.listJobs),
		read(at+"/runs/{run}/artifacts", s.listArtifacts),
		read(at+"/artifacts", s.listArtifacts),
		read(at+"/jobs/{job}", s.getJob),
		read(at+"/jobs/{job}/logs", s.getLog),
		{pattern: "GET /logs/{job}", answer: s.readLog},
		{pattern: "GET /{owner}/{repo}/actions/runs/{run}", answer: s.runPage},
	}
}

func (s *Server) listWorkflows(r *request) (any, error) {
	all, err := s.workflows(r.Context(), s.config.Branch)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, w := range all {
		list = append(list, s.workflowJSON(r, w))
	}
	return paged(r, "workflows", list), nil
}

func (s *Server) getWorkflow(r *request) (any, error) {
	w, err := s.workflow(r.Context(), s.config.Branch, r.PathValue("workflow"))
	if err != nil {
		return nil, err
	}
	return s.workflowJSON(r, w), nil
}

func (s *Server) workflowJSON(r *request, w workflow) map[string]any {
	return map[string]any{
		"id": w.id(), "node_id": "W_" + number(w.id()), "name": w.name, "path": w.path, "state": "active",
		"url":      s.api(r, "/actions/workflows/"+number(w.id())),
		"html_url": s.html(r, "/blob/"+s.config.Branch+"/"+w.path),
	}
}

// listRuns answers the newest first.
func (s *Server) listRuns(r *request) (any, error) {
	name := r.PathValue("workflow")
	if name != "" {
		if _, err := s.workflow(r.Context(), s.config.Branch, name); err != nil {
			return nil, err
		}
	}
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	list := []any{}
	for _, run := range slices.Backward(s.actions.runs) {
		if (name == "" || run.workflow.is(name)) && run.fits(r.URL.Query()) {
			list = append(list, s.runJSON(r, run, run.latest()))
		}
	}
	return paged(r, "workflow_runs", list), nil
}

// fits says whether a run is one of those that a query asks for.
func (r *run) fits(q url.Values) bool {
	state, a := q.Get("status"), r.latest()
	return (state == "" || state == a.status || state == a.conclusion) && fits(q.Get("event"), r.event) &&
		fits(q.Get("branch"), r.branch) && fits(q.Get("actor"), r.actor) && fits(q.Get("head_sha"), r.sha)
}

func fits(wanted, value string) bool { return wanted == "" || wanted == value }

func (s *Server) getRun(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, a, err := s.actions.asked(r)
	if err != nil {
		return nil, err
	}
	return s.runJSON(r, run, a), nil
}

// listJobs answers those of one attempt, or with filter=all those of every one.
func (s *Server) listJobs(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, a, err := s.actions.asked(r)
	if err != nil {
		return nil, err
	}
	attempts := []*attempt{a}
	if r.URL.Query().Get("filter") == "all" {
		attempts = run.attempts
	}
	list := []any{}
	for _, a := range attempts {
		for _, j := range a.jobs {
			list = append(list, s.jobJSON(r, run, j))
		}
	}
	return paged(r, "jobs", list), nil
}

// listArtifacts answers those of one run or of all, the newest first.
func (s *Server) listArtifacts(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	runs := s.actions.runs
	if r.PathValue("run") != "" {
		found, _, err := s.actions.asked(r)
		if err != nil {
			return nil, err
		}
		runs = []*run{found}
	}
	list := []any{}
	for _, run := range slices.Backward(runs) {
		for _, a := range slices.Backward(run.uploads) {
			if fits(r.URL.Query().Get("name"), a.name) {
				list = append(list, s.artifactJSON(r, run, a))
			}
		}
	}
	return paged(r, "artifacts", list), nil
}

func (s *Server) getJob(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, j, err := s.actions.job(r.PathValue("job"))
	if err != nil {
		return nil, err
	}
	return s.jobJSON(r, run, j), nil
}

// getLog answers where the log is; it is not there before the job has ended.
func (s *Server) getLog(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	_, j, err := s.actions.job(r.PathValue("job"))
	if err != nil {
		return nil, err
	}
	if j.status != completed {
		return nil, errNotFound
	}
	return reply{status: http.StatusFound, location: "http://" + r.Host + "/logs/" + number(j.id)}, nil
}

// readLog stands in for the store that GitHub keeps logs in, which asks for no token.
func (s *Server) readLog(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	_, j, err := s.actions.job(r.PathValue("job"))
	if err != nil {
		return nil, err
	}
	return raw{contentType: "text/plain; charset=utf-8", body: slices.Clone(j.log)}, nil
}

// runPage stands in for the page of a run on github.com.
func (s *Server) runPage(r *request) (any, error) {
	if !s.isRepository(r.PathValue("owner"), r.PathValue("repo")) {
		return nil, errNotFound
	}
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	run, a, err := s.actions.asked(r)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s #%d, attempt %d: %s %s\n", run.workflow.name, run.number, a.number, a.status, a.conclusion)
	for _, j := range a.jobs {
		fmt.Fprintf(&text, "\n%s: %s %s\n%s", j.spec.name, j.status, j.conclusion, j.log)
	}
	return raw{contentType: "text/plain; charset=utf-8", body: []byte(text.String())}, nil
}

// asked finds the run and the attempt that a path names. The caller holds the lock.
func (a *actions) asked(r *request) (*run, *attempt, error) {
	i := slices.IndexFunc(a.runs, func(run *run) bool { return number(run.id) == r.PathValue("run") })
	if i < 0 {
		return nil, nil, errNotFound
	}
	found := a.runs[i]
	named := r.PathValue("attempt")
	if named == "" {
		return found, found.latest(), nil
	}
	n, err := strconv.Atoi(named)
	if err != nil || n < 1 || n > len(found.attempts) {
		return nil, nil, errNotFound
	}
	return found, found.attempts[n-1], nil
}

// job finds a job of any attempt. The caller holds the lock.
func (a *actions) job(id string) (*run, *job, error) {
	for _, run := range a.runs {
		for _, attempt := range run.attempts {
			for _, j := range attempt.jobs {
				if number(j.id) == id {
					return run, j, nil
				}
			}
		}
	}
	return nil, nil, errNotFound
}

// paged answers one page of a list with the count of all of it.
func paged(r *request, name string, list []any) map[string]any {
	page, size := paging(r, 30)
	from := min((page-1)*size, len(list))
	return map[string]any{"total_count": len(list), name: list[from:min(from+size, len(list))]}
}

func number(id int64) string { return strconv.FormatInt(id, 10) }
