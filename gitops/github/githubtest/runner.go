package githubtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// Runner does the work of one job; an error fails it.
type Runner func(ctx context.Context, j Job) error

// Job is what a Runner is given to do.
type Job struct {
	// Workflow is the path of its file in the repository, and Name the job's.
	Workflow string
	Name     string
	Run      int64
	Attempt  int
	Inputs   map[string]string
	// Log takes what the job says, line by line.
	Log io.Writer
	// Upload leaves a file for people to fetch.
	Upload func(name string, content []byte)
}

// maxQueued is how many attempts can wait for the runner.
const maxQueued = 100

// actions are the runs of a Server, oldest first.
type actions struct {
	config *Config
	queue  chan queuedAttempt

	mu      sync.Mutex
	runs    []*run
	jobs    int64
	files   int64
	secrets []repositorySecret
}

// queuedAttempt waits for the runner.
type queuedAttempt struct {
	run     *run
	attempt *attempt
}

func newActions(config *Config) *actions {
	return &actions{config: config, queue: make(chan queuedAttempt, maxQueued)}
}

// Run works off what is queued, one run after the other, until the context ends. Without it every run stays queued.
func (s *Server) Run(ctx context.Context) error {
	for {
		select {
		case next := <-s.actions.queue:
			s.actions.execute(ctx, next)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// execute runs the jobs of an attempt in the order of their file. One whose needs failed is skipped.
func (a *actions) execute(ctx context.Context, q queuedAttempt) {
	a.change(q.attempt, func(time.Time) { q.attempt.status = inProgress })
	for _, j := range q.attempt.jobs {
		if j.carried {
			continue
		}
		if a.skip(q.attempt, j) {
			continue
		}
		a.change(q.attempt, func(now time.Time) { j.status, j.started = inProgress, now })
		log := &jobLog{now: a.config.Now}
		err := a.work(ctx, q.run, j, log)
		a.change(q.attempt, func(now time.Time) {
			j.status, j.completed, j.conclusion = completed, now, success
			if err != nil {
				j.conclusion = failure
				_, _ = fmt.Fprintf(log, "##[error]%v\n", err)
			}
			j.log = log.text.Bytes()
		})
	}
	a.change(q.attempt, func(time.Time) { q.attempt.status, q.attempt.conclusion = completed, q.attempt.outcome() })
}

// work hands a job to whoever does the jobs of this Server; with nobody, each succeeds.
func (a *actions) work(ctx context.Context, r *run, j *job, log io.Writer) error {
	if a.config.Runner == nil {
		return nil
	}
	return a.config.Runner(ctx, Job{
		Workflow: r.workflow.path, Name: j.spec.name, Run: r.id, Attempt: j.attempt, Inputs: r.inputs, Log: log,
		Upload: func(name string, content []byte) { a.upload(r, name, content) },
	})
}

func (a *actions) upload(r *run, name string, content []byte) {
	sum := sha256.Sum256(content)
	a.mu.Lock()
	defer a.mu.Unlock()
	r.uploads = append(r.uploads, &artifact{
		id: firstArtifact + a.files, name: name, size: len(content), digest: "sha256:" + hex.EncodeToString(sum[:]),
		created: a.config.Now(),
	})
	a.files++
}

// skip ends a job that cannot be run.
func (a *actions) skip(of *attempt, j *job) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !of.blocked(j) {
		return false
	}
	now := a.config.Now()
	j.status, j.conclusion, j.started, j.completed = completed, skipped, now, now
	return true
}

func (a *actions) change(of *attempt, do func(now time.Time)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.config.Now()
	do(now)
	of.updated = now
}

// enqueue adds an attempt whose named jobs are run, the others carried over from the one before. The caller holds the lock.
func (a *actions) enqueue(r *run, actor string, names map[string]bool) error {
	now := a.config.Now()
	next := &attempt{number: len(r.attempts) + 1, actor: actor, status: queued, started: now, updated: now}
	for i, spec := range r.workflow.jobs {
		j := &job{spec: spec}
		if !names[spec.name] {
			*j = *r.latest().jobs[i]
			j.carried = true
		} else {
			j.status, j.created = queued, now
		}
		j.id, j.attempt = firstJob+a.jobs, next.number
		a.jobs++
		next.jobs = append(next.jobs, j)
	}
	select {
	case a.queue <- queuedAttempt{run: r, attempt: next}:
		r.attempts = append(r.attempts, next)
		return nil
	default:
		return fmt.Errorf("%d runs are queued", maxQueued)
	}
}

// jobLog writes each line with its time, as GitHub's logs have it.
type jobLog struct {
	now    func() time.Time
	text   bytes.Buffer
	inLine bool
}

// Write is the io.Writer's.
func (l *jobLog) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !l.inLine {
			l.text.WriteString(l.now().UTC().Format("2006-01-02T15:04:05.0000000Z "))
		}
		l.text.Write(line)
		l.inLine = !bytes.HasSuffix(line, []byte("\n"))
	}
	return len(p), nil
}
