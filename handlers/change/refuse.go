package change

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/gitops/manifest"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// refuseEdit words why a manifest was not edited.
func refuseEdit(app App, err error) error {
	var why *manifest.RefusedError
	if !errors.As(err, &why) {
		return err
	}
	with := lang.With{"App": app.Name, "Path": why.Path, "Line": why.Line, "Application": app.Application, "Names": strings.Join(why.Names, ", ")}
	code := refusal.Manifest
	if why.Code == manifest.InKustom || why.Code == manifest.InHelm {
		code = refusal.Layout
	}
	return refusal.New(code, manifestKeys[why.Code], with)
}

var manifestKeys = map[manifest.Code]string{
	manifest.Alias:     "manifest.alias",
	manifest.Duplicate: "manifest.duplicate",
	manifest.Syntax:    "manifest.yaml",
	manifest.Value:     "manifest.value",
	manifest.Absent:    "manifest.absent",
	manifest.Ambiguous: "manifest.ambiguous",
	manifest.Tag:       "manifest.tag",
	manifest.Type:      "manifest.type",
	manifest.TooLarge:  "manifest.too-large",
	manifest.TooDeep:   "manifest.too-deep",
	manifest.NotFound:  "manifest.not-found",
	manifest.InKustom:  "manifest.kustomize",
	manifest.InHelm:    "manifest.helm",
	manifest.Odd:       "manifest.odd",
	manifest.Container: "manifest.container",
	manifest.Digest:    "manifest.digest",
}

// refuseGitHub words what GitHub said before anything was committed. What it does not know comes back as it is.
func refuseGitHub(err error) error {
	var no *gitops.RefusedError
	switch {
	case errors.As(err, &no):
		seconds := strconv.Itoa(int(max(no.RetryAfter, time.Second).Seconds()))
		return refusal.New(refusal.GitHub, githubKeys[no.Code], lang.With{"Seconds": seconds}).Quoting(no.Detail)
	case errors.Is(err, gitops.ErrUnreachable):
		return refusal.New(refusal.GitHub, "github.unreachable", nil)
	}
	return err
}

var githubKeys = map[gitops.Refusal]string{
	gitops.BadToken:    "github.bad-token",
	gitops.Forbidden:   "github.forbidden",
	gitops.NotFound:    "github.not-found",
	gitops.Protected:   "github.protected",
	gitops.Archived:    "github.archived",
	gitops.RateLimited: "github.rate-limited",
	gitops.Invalid:     "github.invalid",
	gitops.TooOld:      "github.invalid",
	gitops.Busy:        "github.invalid",
}

// refuseArgo words what Argo CD said before anything was committed.
func refuseArgo(err error) error {
	var no *gitops.RefusedError
	switch {
	case errors.Is(err, argocd.ErrNotYet):
		return refusal.New(refusal.ArgoCD, "argocd.starting", nil)
	case errors.As(err, &no):
		return refusal.New(refusal.ArgoCD, "argocd.refused", lang.With{"Code": string(no.Code)})
	case errors.Is(err, gitops.ErrUnreachable):
		return refusal.New(refusal.ArgoCD, "argocd.unreachable", nil)
	}
	return err
}

// RefuseArgo words what Argo CD said instead of doing something. What may have been done comes back as it is.
func RefuseArgo(err error) error {
	if errors.Is(err, gitops.ErrOutcomeUnknown) {
		return err
	}
	return refuseArgo(err)
}

// RefuseGitHub words what GitHub said instead of doing something. What may have been done comes back as it is.
func RefuseGitHub(err error) error {
	if errors.Is(err, gitops.ErrOutcomeUnknown) {
		return err
	}
	return refuseGitHub(err)
}

// staleArgo says why Argo CD cannot be followed for now: the commit is made already.
func staleArgo(err error) *refusal.Error {
	if no, ok := errors.AsType[*gitops.RefusedError](err); ok {
		return refusal.New(refusal.ArgoCD, "stale.argocd-refused", lang.With{"Code": string(no.Code)})
	}
	return refusal.New(refusal.ArgoCD, "stale.argocd", nil)
}

// refuseCluster words what the cluster said before anything was committed.
func refuseCluster(app App, err error) error {
	switch {
	case errors.Is(err, k8sops.ErrNotFound):
		return refusal.New(refusal.Cluster, "refused.app-gone", lang.With{"App": app.Name})
	case errors.Is(err, k8sops.ErrForbidden):
		return refusal.New(refusal.Cluster, "cluster.forbidden", lang.With{"App": app.Name})
	case errors.Is(err, k8sops.ErrUnreachable):
		return refusal.New(refusal.Cluster, "cluster.unreachable", nil)
	}
	return err
}

// refuseObstacle words why the cluster would not take a plan.
func refuseObstacle(app App, o k8sops.Obstacle) error {
	with := lang.With{
		"App": app.Name, "Name": o.Name, "Field": o.Field, "Problem": o.Problem, "Resource": o.Resource,
		"Wanted": o.Wanted, "Hard": o.Hard, "Min": o.Min, "Max": o.Max, "Container": o.Container,
	}
	switch o.Code {
	case k8sops.Autoscaled:
		return refusal.New(refusal.Autoscale, "refused.autoscaler", with)
	case k8sops.OverQuota:
		return refusal.New(refusal.Quota, "refused.quota", with)
	case k8sops.SchemaError:
		return refusal.New(refusal.Schema, "refused.schema", with)
	case k8sops.OverRange:
		return refusal.New(refusal.Quota, "refused.limit-range-most", with)
	case k8sops.UnderRange:
		return refusal.New(refusal.Quota, "refused.limit-range-least", with)
	case k8sops.NoNode:
		return refusal.New(refusal.Quota, "refused.no-node", with)
	case k8sops.Holds: // a note, which is in nobody's way
	}
	return refusal.New(refusal.Cluster, "refused.obstacle", lang.With{"Code": string(o.Code)})
}

// refuseRollout words why the pods do not run.
func refuseRollout(p Plan, f k8sops.Failure) error {
	with := lang.With{"App": p.App.Name, "Pod": f.Pod, "Container": f.Container}
	return refusal.New(refusal.Rollout, rolloutKeys[f.Code], with, "why "+p.App.Name, "status "+p.App.Name).Quoting(f.Reason + ": " + f.Message)
}

var rolloutKeys = map[k8sops.FailureCode]string{
	k8sops.PullFails:     "failed.pull",
	k8sops.Crashes:       "failed.crash",
	k8sops.ConfigMissing: "failed.config",
	k8sops.NoRoom:        "failed.unschedulable",
	k8sops.NotMade:       "failed.replicas",
	k8sops.TooLate:       "failed.deadline",
}

// Unanswered words why a question could not be answered: Argo CD or the cluster did not answer.
func Unanswered(err error) error {
	worded := refuseArgo(err)
	if _, ok := refusal.Of(worded); ok {
		return worded
	}
	return refuseCluster(App{}, err)
}
