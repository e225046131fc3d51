package githubtest

import (
	"slices"
	"time"
)

// State of a run or of a job, and how it ended.
const (
	queued     = "queued"
	inProgress = "in_progress"
	completed  = "completed"

	success = "success"
	failure = "failure"
	skipped = "skipped"
)

// Where the numbers of runs, jobs and artifacts begin, so that none is taken for another.
const (
	firstRun      = 9_000_000_001
	firstJob      = 25_000_000_001
	firstArtifact = 2_000_000_001
)

// run is one run of a workflow.
type run struct {
	id       int64
	number   int
	workflow workflow
	event    string
	branch   string
	sha      string
	actor    string
	inputs   map[string]string
	created  time.Time
	attempts []*attempt
	uploads  []*artifact
}

// attempt is one try of a run: the jobs that are run in it, and those that are carried over from the try before.
type attempt struct {
	number     int
	actor      string
	status     string
	conclusion string
	started    time.Time
	updated    time.Time
	jobs       []*job
}

// job is one job of an attempt.
type job struct {
	id         int64
	spec       jobSpec
	attempt    int
	status     string
	conclusion string
	created    time.Time
	started    time.Time
	completed  time.Time
	carried    bool
	log        []byte
}

// artifact is a file that a job left.
type artifact struct {
	id      int64
	name    string
	size    int
	digest  string
	created time.Time
}

func (r *run) latest() *attempt { return r.attempts[len(r.attempts)-1] }

// dependents are a job and those that need it, however far.
func (a *attempt) dependents(name string) map[string]bool {
	names := map[string]bool{name: true}
	for range a.jobs {
		for _, j := range a.jobs {
			if slices.ContainsFunc(j.spec.needs, func(need string) bool { return names[need] }) {
				names[j.spec.name] = true
			}
		}
	}
	return names
}

// unsuccessful are the jobs that did not end well.
func (a *attempt) unsuccessful() map[string]bool {
	names := map[string]bool{}
	for _, j := range a.jobs {
		if j.conclusion != success {
			names[j.spec.name] = true
		}
	}
	return names
}

// all are the names of all jobs.
func (a *attempt) all() map[string]bool {
	names := map[string]bool{}
	for _, j := range a.jobs {
		names[j.spec.name] = true
	}
	return names
}

// blocked says whether a job that this one needs did not end well.
func (a *attempt) blocked(j *job) bool {
	return slices.ContainsFunc(a.jobs, func(other *job) bool {
		return slices.Contains(j.spec.needs, other.spec.name) && other.conclusion != success
	})
}

// outcome is the conclusion of all jobs together.
func (a *attempt) outcome() string {
	for _, j := range a.jobs {
		if j.conclusion == failure {
			return failure
		}
	}
	return success
}

func (s *Server) runJSON(r *request, run *run, a *attempt) map[string]any {
	path := "/actions/runs/" + number(run.id)
	return map[string]any{
		"id": run.id, "node_id": "WFR_" + number(run.id), "name": run.workflow.name, "display_title": run.workflow.name,
		"path": run.workflow.path, "workflow_id": run.workflow.id(), "run_number": run.number, "run_attempt": a.number,
		"event": run.event, "head_branch": run.branch, "head_sha": run.sha,
		"status": a.status, "conclusion": orNull(a.conclusion),
		"created_at": stamp(run.created), "run_started_at": stamp(a.started), "updated_at": stamp(a.updated),
		"actor": userJSON(run.actor), "triggering_actor": userJSON(a.actor),
		"url": s.api(r, path), "html_url": s.html(r, path), "jobs_url": s.api(r, path+"/jobs"),
		"rerun_url": s.api(r, path+"/rerun"), "artifacts_url": s.api(r, path+"/artifacts"),
		"workflow_url": s.api(r, "/actions/workflows/"+number(run.workflow.id())),
	}
}

func (s *Server) jobJSON(r *request, run *run, j *job) map[string]any {
	path, of := "/actions/jobs/"+number(j.id), "/actions/runs/"+number(run.id)
	return map[string]any{
		"id": j.id, "node_id": "CR_" + number(j.id), "run_id": run.id, "run_attempt": j.attempt, "name": j.spec.name,
		"workflow_name": run.workflow.name, "head_branch": run.branch, "head_sha": run.sha, "labels": []string{"ubuntu-latest"},
		"status": j.status, "conclusion": orNull(j.conclusion), "steps": j.stepsJSON(),
		"created_at": stamp(j.created), "started_at": stamp(j.started), "completed_at": stamp(j.completed),
		"url": s.api(r, path), "run_url": s.api(r, of), "html_url": s.html(r, of+"/job/"+number(j.id)),
	}
}

func (j *job) stepsJSON() []any {
	steps := []any{}
	if j.started.IsZero() || j.conclusion == skipped {
		return steps
	}
	for i, name := range j.spec.steps {
		steps = append(steps, map[string]any{
			"name": name, "number": i + 1, "status": j.status, "conclusion": orNull(j.conclusion),
			"started_at": stamp(j.started), "completed_at": stamp(j.completed),
		})
	}
	return steps
}

func (s *Server) artifactJSON(r *request, run *run, a *artifact) map[string]any {
	const retention = 90 * 24 * time.Hour
	path := "/actions/artifacts/" + number(a.id)
	return map[string]any{
		"id": a.id, "node_id": "A_" + number(a.id), "name": a.name, "size_in_bytes": a.size, "digest": a.digest,
		"url": s.api(r, path), "archive_download_url": s.api(r, path+"/zip"),
		"expired": s.config.Now().Sub(a.created) > retention, "created_at": stamp(a.created), "updated_at": stamp(a.created),
		"expires_at":   stamp(a.created.Add(retention)),
		"workflow_run": map[string]any{"id": run.id, "head_branch": run.branch, "head_sha": run.sha},
	}
}

func userJSON(login string) map[string]any { return map[string]any{"login": login, "type": "User"} }

// stamp writes a time as GitHub does, and one that has not come yet as null.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
