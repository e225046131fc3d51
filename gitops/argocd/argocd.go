// Package argocd knows Argo CD: what the listed Applications are, what Argo CD sees, and how to make it look, apply
// one object as Git has it, or restart something. It keeps one watch stream open, which is its whole picture, and it never
// prunes, forces, edits or deletes anything.
package argocd

import (
	"time"

	"rtbot/gitops"
)

// Application is an Argo CD Application as it was last seen.
type Application struct {
	Name    string
	Project string
	// Namespace is where its objects go that name none.
	Namespace string
	Source    Source
	// AutoSync is on where Argo CD applies new commits by itself; Prune and SelfHeal are parts of that.
	AutoSync bool
	Prune    bool
	SelfHeal bool
	// Revision is the commit that the cluster was last compared with.
	Revision   string
	Sync       SyncStatus
	Health     Health
	Operation  Operation
	Resources  []Resource
	Conditions []Condition
}

// Source is where an Application's manifests come from.
type Source struct {
	Repository string
	Branch     string
	Path       string
	Recurse    bool
	Include    string
	Exclude    string
	Kind       SourceKind
}

// SourceKind is how manifests are made from a source.
type SourceKind string

// The kinds of source. Only a directory holds the manifests themselves.
const (
	Directory SourceKind = "directory"
	Kustomize SourceKind = "kustomize"
	Helm      SourceKind = "helm"
	Plugin    SourceKind = "plugin"
	Several   SourceKind = "several" // more than one source
)

// SyncStatus is whether the cluster is what Git says.
type SyncStatus string

// The states of sync.
const (
	Synced      SyncStatus = "Synced"
	OutOfSync   SyncStatus = "OutOfSync"
	SyncUnknown SyncStatus = "Unknown"
)

// Health is how well something runs, in Argo CD's words.
type Health string

// The states of health.
const (
	Healthy     Health = "Healthy"
	Progressing Health = "Progressing"
	Degraded    Health = "Degraded"
	Suspended   Health = "Suspended"
	Missing     Health = "Missing"
)

// Operation is the newest sync.
type Operation struct {
	Phase      string
	Message    string
	Revision   string
	FinishedAt time.Time
}

// Failed reports whether the sync ended without success.
func (o Operation) Failed() bool { return o.Phase == "Failed" || o.Phase == "Error" }

// Resource is one object of an Application.
type Resource struct {
	gitops.Object
	Sync   SyncStatus
	Health Health
	// Message is what Argo CD says of the health.
	Message string
	// RequiresPruning is true of an object that is no longer in Git.
	RequiresPruning bool
}

// Condition is something that is wrong with an Application as a whole.
type Condition struct {
	Type    string
	Message string
}

// ComparisonError is why Argo CD cannot tell what the manifests say, where it cannot.
func (a Application) ComparisonError() (message string, found bool) {
	for _, c := range a.Conditions {
		if c.Type == "ComparisonError" || c.Type == "InvalidSpecError" {
			return c.Message, true
		}
	}
	return "", false
}

// Workload is a Deployment, StatefulSet or DaemonSet that an Application tracks.
type Workload struct {
	gitops.Object
	Application string
}
