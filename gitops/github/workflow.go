package github

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/go-github/v92/github"

	"rtbot/gitops"
)

// Job is a job of a run of a workflow, as it is in the newest attempt.
type Job struct {
	ID   int64
	Name string
	Run  int64
	// Attempt counts how often the run was begun, from 1.
	Attempt int
	// Ended is true of a job that is over, and Succeeded of one that is over and well.
	Ended     bool
	Succeeded bool
	// Conclusion is GitHub's own word for how it ended.
	Conclusion string
	StartedAt  time.Time
	// Page is the run's page, for people. It is built from the configuration.
	Page string
}

// NewestJob is a job of the newest run of a workflow. Where there is no run, or the run has no such job, the error is a
// *gitops.RefusedError of NotFound.
func (r *Repository) NewestJob(ctx context.Context, file, job string) (Job, error) {
	var runs *github.WorkflowRuns
	err := r.read(ctx, func(ctx context.Context) (err error) {
		runs, _, err = r.client.Actions.ListWorkflowRunsByFileName(ctx, r.owner, r.name, file, &github.ListWorkflowRunsOptions{
			ListOptions: github.ListOptions{PerPage: 1},
		})
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("list runs of %s: %w", file, err)
	}
	if len(runs.WorkflowRuns) == 0 {
		return Job{}, missing("a run of " + file)
	}
	return r.JobOf(ctx, runs.WorkflowRuns[0].GetID(), job)
}

// JobOf is a job of a run, in the newest attempt.
func (r *Repository) JobOf(ctx context.Context, run int64, name string) (Job, error) {
	var jobs *github.Jobs
	err := r.read(ctx, func(ctx context.Context) (err error) {
		jobs, _, err = r.client.Actions.ListWorkflowJobs(ctx, r.owner, r.name, run, &github.ListWorkflowJobsOptions{
			Filter: "latest", ListOptions: github.ListOptions{PerPage: 100},
		})
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("list jobs of run %d: %w", run, err)
	}
	for _, j := range jobs.Jobs {
		if j.GetName() != name {
			continue
		}
		return Job{
			ID: j.GetID(), Name: name, Run: run, Attempt: int(j.GetRunAttempt()), Ended: j.GetStatus() == "completed",
			Succeeded: j.GetConclusion() == "success", Conclusion: j.GetConclusion(), StartedAt: j.GetStartedAt().Time,
			Page: r.page + "/actions/runs/" + strconv.FormatInt(run, 10),
		}, nil
	}
	return Job{}, missing("the job " + name)
}

// RerunJob runs a job again, and those that need it, in a new attempt of its run. An error that wraps
// gitops.ErrOutcomeUnknown means that it may have been begun.
func (r *Repository) RerunJob(ctx context.Context, id int64) error {
	err := r.call(ctx, gitops.ErrOutcomeUnknown, func(ctx context.Context) error {
		_, err := r.client.Actions.RerunJobByID(ctx, r.owner, r.name, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("run job %d again: %w", id, err)
	}
	return nil
}
