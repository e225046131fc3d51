package handlers

import (
	"context"
	"fmt"

	"rtbot/gitops"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// actor has Argo CD do something to an object.
type actor interface {
	RunResourceAction(ctx context.Context, application string, o gitops.Object, action string) error
}

// workloadReader reads how one app runs.
type workloadReader interface {
	Workload(ctx context.Context, o k8sops.Object) (k8sops.Workload, error)
}

// Restart is the verb that gives an app new pods, with nothing changed in Git.
func Restart(argo actor, cluster workloadReader) Command {
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{}, refusal.Misread(refusal.Args, "misread.app", nil, "status")
		}
		app, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		line := func(a change.AppName) string { return "restart " + a.String() }
		return Action{Request: line(app), Change: &change.Request{
			Verb: change.Restart, App: app, Act: restart{argo: argo, cluster: cluster}, Line: line,
		}}, nil
	}
	return Command{
		Verb: change.Restart, Args: "<app>", Example: "restart gitea", Summary: "help.restart", Role: Operator, Most: 1, Parse: parse,
	}
}

// restart is Argo CD's own action, which writes the time into the pod template: a time that was not there before means that
// it was done.
type restart struct {
	argo    actor
	cluster workloadReader
}

// Look reads when the app was restarted last. An app that has no pods has nothing to restart.
func (r restart) Look(ctx context.Context, app change.App) (change.Sight, error) {
	w, err := r.cluster.Workload(ctx, objectOf(app))
	if err != nil {
		return change.Sight{}, change.Unanswered(err)
	}
	if w.Desired == 0 {
		return change.Sight{}, refusal.New(refusal.Range, "refused.no-replicas", lang.With{"App": app.Name}, "scale "+app.Name+" 1")
	}
	return change.Sight{Mark: w.Restarted}, nil
}

// Do has Argo CD restart the app. A restart in the same second as the last one changes nothing, and is to be tried again.
func (r restart) Do(ctx context.Context, app change.App, seen change.Sight) error {
	if err := r.argo.RunResourceAction(ctx, app.Application, app.Object, "restart"); err != nil {
		return change.RefuseArgo(err)
	}
	if done, err := r.Done(ctx, app, seen); err == nil && !done {
		return fmt.Errorf("restart %s: within a second: %w", app.Name, gitops.ErrOutcomeUnknown)
	}
	return nil
}

// Done reports whether the app was restarted since.
func (r restart) Done(ctx context.Context, app change.App, seen change.Sight) (bool, error) {
	w, err := r.cluster.Workload(ctx, objectOf(app))
	return err == nil && w.Restarted != seen.Mark, err
}
