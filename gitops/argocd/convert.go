package argocd

import (
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"rtbot/gitops"
)

// convert takes from Argo CD's own type what we know of it.
func convert(a *v1alpha1.Application) Application {
	out := Application{
		Name: a.Name, Project: a.Spec.Project, Namespace: a.Spec.Destination.Namespace,
		Source: source(a), Revision: a.Status.Sync.Revision,
		Sync: SyncStatus(a.Status.Sync.Status), Health: Health(a.Status.Health.Status), Operation: operation(a.Status.OperationState),
	}
	if auto := a.Spec.SyncPolicy; auto != nil && auto.Automated != nil {
		out.AutoSync, out.Prune, out.SelfHeal = true, auto.Automated.Prune, auto.Automated.SelfHeal
	}
	for _, r := range a.Status.Resources {
		out.Resources = append(out.Resources, resource(r))
	}
	for _, c := range a.Status.Conditions {
		out.Conditions = append(out.Conditions, Condition{Type: c.Type, Message: c.Message})
	}
	return out
}

func source(a *v1alpha1.Application) Source {
	if len(a.Spec.Sources) > 0 || a.Spec.Source == nil {
		return Source{Kind: Several}
	}
	s := a.Spec.Source
	out := Source{Repository: s.RepoURL, Branch: s.TargetRevision, Path: s.Path, Kind: Directory}
	switch {
	case a.Status.SourceType != "":
		out.Kind = sourceKinds[a.Status.SourceType]
	case s.Helm != nil || s.Chart != "":
		out.Kind = Helm
	case s.Kustomize != nil:
		out.Kind = Kustomize
	case s.Plugin != nil:
		out.Kind = Plugin
	}
	if d := s.Directory; d != nil {
		out.Recurse, out.Include, out.Exclude = d.Recurse, d.Include, d.Exclude
	}
	return out
}

var sourceKinds = map[v1alpha1.ApplicationSourceType]SourceKind{
	v1alpha1.ApplicationSourceTypeDirectory: Directory,
	v1alpha1.ApplicationSourceTypeKustomize: Kustomize,
	v1alpha1.ApplicationSourceTypeHelm:      Helm,
	v1alpha1.ApplicationSourceTypePlugin:    Plugin,
}

func operation(s *v1alpha1.OperationState) Operation {
	if s == nil {
		return Operation{}
	}
	out := Operation{Phase: string(s.Phase), Message: s.Message}
	if s.SyncResult != nil {
		out.Revision = s.SyncResult.Revision
	} else if s.Operation.Sync != nil {
		out.Revision = s.Operation.Sync.Revision
	}
	if s.FinishedAt != nil {
		out.FinishedAt = s.FinishedAt.Time
	}
	return out
}

func resource(r v1alpha1.ResourceStatus) Resource {
	out := Resource{
		Object: gitops.Object{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name},
		Sync:   SyncStatus(r.Status), RequiresPruning: r.RequiresPruning,
	}
	if r.Health != nil {
		out.Health, out.Message = Health(r.Health.Status), r.Health.Message
	}
	return out
}
