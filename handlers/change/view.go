package change

import (
	"time"

	"rtbot/gitops"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
)

// View is a picture of an operation: what a card is made of.
type View struct {
	Operation string
	Request   string
	Outcome   Outcome
	// Decider is who has to decide while the outcome is Awaiting.
	Decider Decider
	// Decision is what was decided about the plan; empty where nobody had to, or has yet.
	Decision Decision
	// Plan is empty until it was made.
	Plan  Plan
	Steps []Step
	// Commit is empty until it was made.
	Commit gitops.Commit
	// Rollout is the newest that was seen of the app's pods.
	Rollout k8sops.Rollout
	// Refused is why the operation did not succeed.
	Refused *refusal.Error
	// Stale is why what is shown may be old: Argo CD or the cluster does not answer.
	Stale *refusal.Error
}

// Outcome is how an operation ended, or that it has not.
type Outcome string

// The outcomes.
const (
	Going    Outcome = ""
	Awaiting Outcome = "awaiting" // somebody's approval
	Verified Outcome = "verified"
	Already  Outcome = "already"
	Refused  Outcome = "refused" // nothing was done
	Failed   Outcome = "failed"  // something was done, and it did not end well
)

// Step is one stage as people see it.
type Step struct {
	Name  string
	State StepState
	// Began and Ended are zero while the step has not.
	Began time.Time
	Ended time.Time
}

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	Pending StepState = "pending"
	Running StepState = "running"
	Done    StepState = "done"
	Broken  StepState = "failed"
)

// The steps of a change, in the guide's own cycle.
const (
	StepPlan    = "plan"
	StepApprove = "approve" // only where somebody has to agree
	StepCommit  = "commit"
	StepDetect  = "detect"
	StepSync    = "sync"
	StepVerify  = "verify"
	StepAct     = "act" // in place of commit, detect and sync
)

var (
	stepsOfCommit = []string{StepPlan, StepApprove, StepCommit, StepDetect, StepSync, StepVerify}
	stepsOfAct    = []string{StepPlan, StepApprove, StepAct, StepVerify}
)

// pending are steps that have not begun.
func pending(names []string) []Step {
	steps := make([]Step, len(names))
	for i, name := range names {
		steps[i] = Step{Name: name, State: Pending}
	}
	return steps
}

// done reports whether the change itself was made, whatever came of it.
func (v *View) done() bool { return v.Commit.SHA != "" || v.state(StepAct) == Done }

func (v *View) state(name string) StepState {
	for _, s := range v.Steps {
		if s.Name == name {
			return s.State
		}
	}
	return Pending
}

// mark notes a step's state; a step that is taken up again keeps its first beginning.
func (v *View) mark(name string, state StepState, began, ended time.Time) {
	for i := range v.Steps {
		s := &v.Steps[i]
		if s.Name != name {
			continue
		}
		s.State, s.Ended = state, ended
		if s.Began.IsZero() {
			s.Began = began
		}
	}
}
