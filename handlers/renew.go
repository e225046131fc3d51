package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// jobRunner knows the jobs of workflows, and runs one again.
type jobRunner interface {
	NewestJob(ctx context.Context, file, job string) (github.Job, error)
	JobOf(ctx context.Context, run int64, job string) (github.Job, error)
	RerunJob(ctx context.Context, id int64) error
}

// Workflow is the workflow that makes the cluster's secrets, and its job that does. Its zero value is none.
type Workflow struct {
	File, Job string
	// Every is how often the job is looked at while it runs.
	Every time.Duration
}

// RenewSecrets is the verb that makes the cluster's secrets anew from what GitHub holds, by the workflow that made them.
func RenewSecrets(w Workflow, jobs jobRunner) Command {
	return Command{
		Verb: change.Renew, Example: change.Renew, Summary: "help.secrets-renew", Role: Operator,
		Parse: func([]string) (Action, error) {
			return Action{Request: change.Renew, Change: &change.Request{
				Verb: change.Renew, Act: renewal{workflow: w, jobs: jobs}, Line: func(change.AppName) string { return change.Renew },
			}}, nil
		},
	}
}

// renewal runs one job again. A run counts its attempts: a higher number than before means that it was done.
type renewal struct {
	workflow Workflow
	jobs     jobRunner
}

// mark is which attempt of a run was seen, and which job in it.
type mark struct {
	run, job int64
	attempt  int
}

func (m mark) String() string { return fmt.Sprintf("%d/%d/%d", m.run, m.attempt, m.job) }

func parseMark(s string) (m mark, err error) {
	if _, err := fmt.Sscanf(s, "%d/%d/%d", &m.run, &m.attempt, &m.job); err != nil {
		return mark{}, fmt.Errorf("read mark %q: %w", s, err)
	}
	return m, nil
}

// Look finds the job in the newest run of the workflow. A run that is under way is left alone.
func (r renewal) Look(ctx context.Context, _ change.App) (change.Sight, error) {
	if r.workflow.File == "" {
		return change.Sight{}, refusal.New(refusal.GitHub, "refused.no-workflow", nil)
	}
	job, err := r.jobs.NewestJob(ctx, r.workflow.File, r.workflow.Job)
	if err != nil {
		return change.Sight{}, r.refuse(err)
	}
	if !job.Ended {
		return change.Sight{}, r.refuse(&gitops.RefusedError{Code: gitops.Busy})
	}
	return change.Sight{Mark: mark{run: job.Run, attempt: job.Attempt, job: job.ID}.String(), Subject: job.Name, Link: job.Page}, nil
}

// Do runs the job again.
func (r renewal) Do(ctx context.Context, _ change.App, seen change.Sight) error {
	m, err := parseMark(seen.Mark)
	if err != nil {
		return err
	}
	return r.refuse(r.jobs.RerunJob(ctx, m.job))
}

// Done reports whether the run has a newer attempt.
func (r renewal) Done(ctx context.Context, _ change.App, seen change.Sight) (bool, error) {
	_, done, err := r.again(ctx, seen)
	return done, err
}

// again is the job as it is now, and whether that is of a newer attempt than was seen.
func (r renewal) again(ctx context.Context, seen change.Sight) (_ github.Job, newer bool, err error) {
	m, err := parseMark(seen.Mark)
	if err != nil {
		return github.Job{}, false, err
	}
	job, err := r.jobs.JobOf(ctx, m.run, r.workflow.Job)
	return job, err == nil && job.Attempt > m.attempt, err
}

// Follow waits until the job has ended, and tells how. An answer that does not come is waited for.
func (r renewal) Follow(ctx context.Context, seen change.Sight) error {
	tick := time.NewTicker(r.workflow.Every)
	defer tick.Stop()
	for {
		job, newer, err := r.again(ctx, seen)
		if _, refused := errors.AsType[*gitops.RefusedError](err); refused {
			return r.refuse(err)
		}
		if newer && job.Ended {
			return verdict(job)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func verdict(job github.Job) error {
	if job.Succeeded {
		return nil
	}
	return refusal.New(refusal.GitHub, "failed.job", lang.With{"Job": job.Name, "Conclusion": job.Conclusion}, change.Renew)
}

// refuse words what GitHub said about the workflow.
func (r renewal) refuse(err error) error {
	with := lang.With{"Workflow": r.workflow.File, "Job": r.workflow.Job}
	if no, ok := errors.AsType[*gitops.RefusedError](err); ok {
		switch no.Code {
		case gitops.TooOld:
			return refusal.New(refusal.GitHub, "refused.run-too-old", with)
		case gitops.Busy:
			return refusal.New(refusal.GitHub, "refused.run-busy", with, change.Renew)
		case gitops.NotFound:
			return refusal.New(refusal.GitHub, "refused.no-run", with)
		case gitops.Forbidden:
			return refusal.New(refusal.GitHub, "refused.run-forbidden", with)
		case gitops.BadToken, gitops.Protected, gitops.Archived, gitops.RateLimited, gitops.Invalid:
		}
	}
	return change.RefuseGitHub(err)
}
