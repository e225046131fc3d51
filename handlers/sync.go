package handlers

import (
	"context"
	"errors"
	"iter"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// syncer has Argo CD apply one object, and sees what comes of it.
type syncer interface {
	Refresh(ctx context.Context, application string) (argocd.Application, error)
	Sync(ctx context.Context, application string, o gitops.Object) error
	Follow(ctx context.Context, application string) iter.Seq[argocd.Application]
}

// Sync is the verb that puts an app back to what Git says: that one object, at the target revision, with nothing pruned.
func Sync(argo syncer) Command {
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{}, refusal.Misread(refusal.Args, "misread.app", nil, "status")
		}
		app, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		return Action{Request: syncLine(app), Change: &change.Request{Verb: change.Sync, App: app, Act: putBack{argo}, Line: syncLine}}, nil
	}
	return Command{
		Verb: change.Sync, Args: "<app>", Example: "sync nginx-front", Summary: "help.sync", Role: Operator, Most: 1, Parse: parse,
	}
}

func syncLine(a change.AppName) string { return "sync " + a.String() }

// putBack is a sync of one object. Doing it twice does no more than doing it once.
type putBack struct{ argo syncer }

// Look compares the app with Git as it is now. An app that is not in Git is not removed, and one that is as Git says needs
// nothing.
func (p putBack) Look(ctx context.Context, app change.App) (change.Sight, error) {
	a, err := p.argo.Refresh(ctx, app.Application)
	if err != nil {
		return change.Sight{}, change.Unanswered(err)
	}
	if message, bad := a.ComparisonError(); bad {
		return change.Sight{}, refusal.New(refusal.ArgoCD, "failed.comparison", lang.With{"Application": a.Name}).Quoting(message)
	}
	r := resourceOf(a, app.Object)
	if r.RequiresPruning {
		return change.Sight{}, refusal.New(refusal.NotFound, "refused.not-in-git", lang.With{"App": app.Name, "Application": a.Name})
	}
	return change.Sight{Mark: a.Operation.FinishedAt.Format(time.RFC3339Nano), Already: r.Sync == argocd.Synced}, nil
}

const (
	// busyTime is how long another sync of the Application is waited for, looking every betweenLooks.
	busyTime     = 2 * time.Minute
	betweenLooks = time.Second
)

// Do has Argo CD apply the object, after whatever else it is applying: the sync of a commit may be under way.
func (p putBack) Do(ctx context.Context, app change.App, seen change.Sight) error {
	late, look := time.NewTimer(busyTime), time.NewTicker(betweenLooks)
	defer late.Stop()
	defer look.Stop()
	for {
		err := p.argo.Sync(ctx, app.Application, app.Object)
		if no, refused := errors.AsType[*gitops.RefusedError](err); !refused || no.Code != gitops.Busy {
			return change.RefuseArgo(err)
		}
		if done, err := p.Done(ctx, app, seen); done && err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-late.C:
			return refusal.New(refusal.ArgoCD, "argocd.busy", lang.With{"Application": app.Application}, syncLine(change.AppName{Name: app.Name}))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Done reports whether the app is as Git says.
func (p putBack) Done(ctx context.Context, app change.App, _ change.Sight) (bool, error) {
	a, err := p.argo.Refresh(ctx, app.Application)
	return err == nil && resourceOf(a, app.Object).Sync == argocd.Synced, err
}

// Settle waits until the app is as Git says, or Argo CD could not make it so.
func (p putBack) Settle(ctx context.Context, app change.App, seen change.Sight) error {
	for a := range p.argo.Follow(ctx, app.Application) {
		if resourceOf(a, app.Object).Sync == argocd.Synced {
			return nil
		}
		if a.Operation.Failed() && a.Operation.FinishedAt.Format(time.RFC3339Nano) != seen.Mark {
			return refusal.New(refusal.ArgoCD, "failed.sync", lang.With{"Application": a.Name}, "drift "+app.Name).Quoting(a.Operation.Message)
		}
	}
	return ctx.Err()
}

// resourceOf is how Argo CD sees an object; nothing where it does not.
func resourceOf(a argocd.Application, o gitops.Object) argocd.Resource {
	for _, r := range a.Resources {
		if r.Object == o {
			return r
		}
	}
	return argocd.Resource{}
}
