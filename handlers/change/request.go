// Package change is the one engine behind every verb that changes something: it plans an edit of Git, has it decided,
// commits it, and follows it until the cluster runs it, each step journalled before and after; or it does the same with an
// act in place of the commit. It knows no verb and no wording.
package change

import (
	"context"
	"strings"

	"rtbot/gitops"
	"rtbot/journal"
)

// Request is a change that somebody asks for.
type Request struct {
	Verb string
	// App is empty where an act is about no app.
	App AppName
	// Edit is what is committed, and Act what is done where nothing is: one of them is set.
	Edit Edit
	Act  Act
	// Find completes a request whose app and edit have to be looked up, for the operation that asks; it may be nil.
	Find func(context.Context, journal.Operation) (Request, error)
	// Check asks outside whether what an edit writes can be had, before it is planned; it may be nil. What cannot comes back
	// as a *refusal.Error.
	Check func(context.Context, App, Edited) error
	// Line prints the command for an app, so that another app can be offered in its place.
	Line func(AppName) string
}

// Edit decides a change purely: the folder's files in, the files that differ out.
type Edit interface {
	// Apply makes the edit for one object. Where the value is there already, Edited has no files and Old equals New. What
	// cannot be edited safely comes back as a *manifest.RefusedError.
	Apply(files []gitops.File, target gitops.Object) (Edited, error)
}

// The verbs whose operations are acts.
const (
	Restart = "restart"
	Renew   = "secrets renew"
	Sync    = "sync"
)

// Act is what an operation does where it is no commit, once. What stands in its way comes back as a *refusal.Error.
type Act interface {
	// Look reads what the act is about, and changes nothing.
	Look(ctx context.Context, app App) (Sight, error)
	// Do does it. An error that wraps gitops.ErrOutcomeUnknown means that it may have been done.
	Do(ctx context.Context, app App, seen Sight) error
	// Done reports whether it was done since that was seen.
	Done(ctx context.Context, app App, seen Sight) (bool, error)
}

// follower is an act that is not done when the app's pods are rolled out: it says itself when it is.
type follower interface {
	Follow(ctx context.Context, seen Sight) error
}

// settler is an act that takes a while before the app's pods can be rolled out.
type settler interface {
	Settle(ctx context.Context, app App, seen Sight) error
}

// Sight is what an act is about, as it was before.
type Sight struct {
	// Mark is different once the act was done.
	Mark string `json:"mark"`
	// Subject names what is acted on where that is no app, and Link is its page.
	Subject string `json:"subject,omitempty"`
	Link    string `json:"link,omitempty"`
	// Already is true where there is nothing to do.
	Already bool `json:"already,omitempty"`
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
