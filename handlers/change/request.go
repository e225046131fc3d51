// Package change is the one engine behind every verb that changes Git: it plans an edit, has it decided, commits it, and
// follows it until the cluster runs it, each step journalled before and after. It knows no verb and no wording.
package change

import (
	"strings"

	"rtbot/gitops"
)

// Request is a change that somebody asks for.
type Request struct {
	Verb string
	App  AppName
	Edit Edit
	// Line prints the command for an app, so that another app can be offered in its place.
	Line func(AppName) string
}

// Edit decides a change purely: the folder's files in, the files that differ out.
type Edit interface {
	// Apply makes the edit for one object. Where the value is there already, Edited has no files and Old equals New. What
	// cannot be edited safely comes back as a *manifest.RefusedError.
	Apply(files []gitops.File, target gitops.Object) (Edited, error)
}

// Edited is what an edit does.
type Edited struct {
	// Files differ from what they were; Deleted are gone.
	Files   []gitops.File
	Deleted []string
	// Path and Line are where the value stands; Field is its name, Old and New its values.
	Path  string
	Line  int
	Field string
	Old   string
	New   string
}

// AppName is how somebody names an app: Namespace and Kind are empty where they did not say.
type AppName struct {
	Namespace string
	Kind      string
	Name      string
}

// String prints the name as it is typed.
func (n AppName) String() string {
	var parts []string
	for _, p := range []string{n.Namespace, strings.ToLower(n.Kind), n.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "/")
}

// matches reports whether the name can mean that object.
func (n AppName) matches(o gitops.Object) bool {
	return n.Name == o.Name && (n.Kind == "" || n.Kind == o.Kind) && (n.Namespace == "" || n.Namespace == o.Namespace)
}

// App is a Deployment, StatefulSet or DaemonSet that one of the listed Applications tracks.
type App struct {
	gitops.Object
	Application string
}
