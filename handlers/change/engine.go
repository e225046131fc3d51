package change

import (
	"context"
	"iter"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/journal"
	"rtbot/k8sops"
)

// reader reads the repository.
type reader interface {
	Read(ctx context.Context, folder string, recurse bool) (gitops.Tree, error)
	Changed(ctx context.Context, from, to string) ([]string, error)
}

// committer writes to the repository, and finds out later what it wrote.
type committer interface {
	Commit(ctx context.Context, c gitops.Change) (gitops.Commit, error)
	FindTrailer(ctx context.Context, since, key, value string) (gitops.Commit, bool, error)
	Contains(ctx context.Context, revision, sha string) (bool, error)
}

// applications is Argo CD as the engine needs it.
type applications interface {
	Workloads() ([]argocd.Workload, error)
	Application(name string) (argocd.Application, error)
	Refresh(ctx context.Context, name string) (argocd.Application, error)
	Follow(ctx context.Context, name string) iter.Seq[argocd.Application]
}

// preflight asks the cluster whether it would take a manifest.
type preflight interface {
	Preflight(ctx context.Context, p k8sops.Proposal) (k8sops.Preflight, error)
}

// rollouts watches the cluster run what it was given.
type rollouts interface {
	Rollout(ctx context.Context, o k8sops.Object) iter.Seq2[k8sops.Rollout, error]
}

// Gate decides whether a plan may be done: at once, or after somebody else agrees. It is asked again before the commit.
type Gate interface {
	// Decide returns nil where the plan may go on, ErrNeedsApproval where another person must agree first,
	// ErrNeedsConfirmation where there is no other and the asker must say so again, and a
	// *refusal.Error where it may not.
	Decide(ctx context.Context, asker string, p Plan) error
	// Permit returns nil while whoever asked may still ask for changes, and whoever agreed (an account, or nobody) may still
	// agree, and a *refusal.Error else: rights can be withdrawn while an operation waits.
	Permit(ctx context.Context, asker, approver string) error
}

// Config is what an Engine works with.
type Config struct {
	Repository interface {
		reader
		committer
	}
	Argo    applications
	Cluster interface {
		preflight
		rollouts
	}
	Journal *journal.Journal
	Gate    Gate
	// Policy is asked anew for each plan.
	Policy func() Policy
	// Key signs the trailer by which the bot knows its own commits.
	Key []byte
	// Name gives the name of an asker for the commit message.
	Name func(asker string) string
	Now  func() time.Time
	// Patience is how long a commit is followed before the engine gives up waiting for the cluster.
	Patience time.Duration
	// Lateness is how long an act whose answer was lost may take to show.
	Lateness time.Duration
}

// Engine carries changes out. It is safe for concurrent use.
type Engine struct {
	Config
	planner planner
	// writing is held from reading the branch to the commit on it: one writer at a time never races itself.
	writing chan struct{}
	waiting *decisions
}

// New makes an engine.
func New(c Config) *Engine {
	return &Engine{
		Config:  c,
		planner: planner{repository: c.Repository, argo: c.Argo, cluster: c.Cluster, policy: c.Policy},
		writing: make(chan struct{}, 1),
		waiting: newDecisions(),
	}
}

// Run carries one operation to its end, from wherever the journal says it stands, and calls show with each new picture of
// it. It returns nil once the operation has ended, whatever its outcome: the last picture tells. An error means that it
// has not ended (the process stops, the journal cannot be written): run it again later.
func (e *Engine) Run(ctx context.Context, operation string, req Request, show func(View)) error {
	claim, op, err := e.Journal.Claim(ctx, operation)
	if err != nil {
		return err
	}
	r := &run{Engine: e, claim: claim, op: op, req: req, show: show, without: map[string]bool{}}
	if r.view, err = Recall(op); err != nil {
		return err
	}
	if r.sent, err = sought(op); err != nil {
		return err
	}
	if req.Act != nil && r.view.Plan.Act == "" {
		r.view.Steps = pending(stepsOfAct)
		for _, s := range op.Steps {
			r.view.mark(s.Name, stepStates[s.State], s.BeganAt, s.EndedAt)
		}
	}
	if op.State == journal.Ended {
		show(r.view)
		return nil
	}
	return r.end(ctx, r.carryOut(ctx))
}

// lockBranch waits for the turn to write.
func (e *Engine) lockBranch(ctx context.Context) (unlock func(), err error) {
	select {
	case e.writing <- struct{}{}:
		return func() { <-e.writing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
