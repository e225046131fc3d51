package change

import (
	"context"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// follow waits until Argo CD has seen the commit, has applied it, and the cluster runs it.
func (r *run) follow(ctx context.Context) error {
	if err := r.step(ctx, StepDetect, r.detect); err != nil {
		return err
	}
	if err := r.step(ctx, StepSync, r.sync); err != nil {
		return err
	}
	return r.step(ctx, StepVerify, r.verify)
}

// detect makes Argo CD look at the branch, until what it compares with contains the commit. Where Argo CD does not answer
// the card says so, and the looking goes on when it is back.
func (r *run) detect(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		a, err := r.Argo.Refresh(ctx, r.view.Plan.App.Application)
		if err == nil {
			r.view.Stale = nil
			if ok, err := r.includes(ctx, a.Revision); ok || err != nil {
				return err
			}
		} else {
			r.stale(staleArgo(err))
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// includes reports whether a revision is the commit or comes after it.
func (r *run) includes(ctx context.Context, revision string) (bool, error) {
	if revision == r.view.Commit.SHA {
		return true, nil
	}
	if revision == "" || r.without[revision] {
		return false, nil
	}
	ok, err := r.Repository.Contains(ctx, revision, r.view.Commit.SHA)
	if err != nil {
		r.stale(refusal.New(refusal.GitHub, "stale.github", nil))
		return false, ctx.Err()
	}
	if !ok {
		r.without[revision] = true
	}
	return ok, nil
}

// sync waits until the app's object is what Git says at a revision that contains the commit.
func (r *run) sync(ctx context.Context) error {
	for a := range r.Argo.Follow(ctx, r.view.Plan.App.Application) {
		ok, err := r.includes(ctx, a.Revision)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if synced, err := r.applied(ctx, a); synced || err != nil {
			return err
		}
	}
	return ctx.Err()
}

// applied reads one version of the Application.
func (r *run) applied(ctx context.Context, a argocd.Application) (bool, error) {
	if r.resource(a).Sync == argocd.Synced {
		return true, nil
	}
	if !a.AutoSync {
		return false, refusal.New(refusal.ArgoCD, "failed.no-auto-sync", lang.With{"Application": a.Name})
	}
	if message, bad := a.ComparisonError(); bad {
		return false, refusal.New(refusal.ArgoCD, "failed.comparison", lang.With{"Application": a.Name, "Message": message})
	}
	if !a.Operation.Failed() {
		return false, nil
	}
	ours, err := r.includes(ctx, a.Operation.Revision)
	if !ours || err != nil {
		return false, err
	}
	return false, refusal.New(refusal.ArgoCD, "failed.sync", lang.With{"Application": a.Name, "Message": a.Operation.Message})
}

func (r *run) resource(a argocd.Application) argocd.Resource {
	for _, res := range a.Resources {
		if res.Object == r.view.Plan.App.Object {
			return res
		}
	}
	return argocd.Resource{}
}

// verify watches the rollout to its end, and stops at the first pod that cannot start.
func (r *run) verify(ctx context.Context) error {
	for seen, err := range r.Cluster.Rollout(ctx, clusterObject(r.view.Plan.App.Object)) {
		if err != nil {
			r.stale(refusal.New(refusal.Cluster, "stale.cluster", nil))
			continue
		}
		r.view.Stale, r.view.Rollout = nil, seen
		if seen.Failure != nil {
			return refuseRollout(r.view.Plan, *seen.Failure)
		}
		if seen.Complete {
			return nil
		}
		r.show(r.view)
	}
	return ctx.Err()
}

// clusterObject names an app's object to the cluster.
func clusterObject(o gitops.Object) k8sops.Object {
	return k8sops.Object{Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// stale says why the picture may be old, once.
func (r *run) stale(why *refusal.Error) {
	if r.view.Stale != nil && r.view.Stale.Key == why.Key {
		return
	}
	r.view.Stale = why
	r.show(r.view)
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
