package change

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Plan is what a change will do, shown before it is done. Its hash is what an approval is bound to.
type Plan struct {
	App  App    `json:"app"`
	Head string `json:"head"`
	// Path and Line are where the value stands; Field is its name.
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
	Diff  string `json:"diff"`
	// Effects are all that the change does beside its own line, the most dangerous first.
	Effects []Effect `json:"effects,omitempty"`
	Class   Class    `json:"class"`
	Hash    string   `json:"hash"`
	// Act is the verb of what is done where nothing is committed, and Sight what it is about.
	Act   string `json:"act,omitempty"`
	Sight Sight  `json:"sight,omitzero"`

	edited Edited
}

// Already reports whether there is nothing to do.
func (p Plan) Already() bool {
	if p.Act != "" {
		return p.Sight.Already
	}
	return len(p.edited.Files) == 0 && len(p.edited.Deleted) == 0
}

// planner makes plans. It only reads.
type planner struct {
	repository reader
	argo       applications
	cluster    preflight
	policy     func() Policy
}

// plan reads the app's folder at the branch's head and decides what the edit does to it. What cannot be done comes back
// as a *refusal.Error.
func (p planner) plan(ctx context.Context, req Request) (Plan, error) {
	if req.Act != nil {
		return p.planAct(ctx, req)
	}
	app, err := p.resolve(req)
	if err != nil {
		return Plan{}, err
	}
	application, err := p.argo.Application(app.Application)
	if err != nil {
		return Plan{}, refuseArgo(err)
	}
	if slices.Contains(p.policy().Own, app.Name) {
		return Plan{}, refusal.New(refusal.Own, "refused.own", lang.With{"App": app.Name})
	}
	tree, err := p.folder(ctx, app, application)
	if err != nil {
		return Plan{}, err
	}
	edited, err := req.Edit.Apply(tree.Files, app.Object)
	if err != nil {
		return Plan{}, refuseEdit(app, err)
	}
	made := Plan{
		App: app, Head: tree.Head, Path: edited.Path, Line: edited.Line, Field: edited.Field,
		Old: edited.Old, New: edited.New, edited: edited,
	}
	if made.Already() {
		return made, nil
	}
	if req.Check != nil {
		if err := req.Check(ctx, app, edited); err != nil {
			return Plan{}, err
		}
	}
	return p.weigh(ctx, made, tree, application)
}

// folder reads the files that the Application's source names, where they are plain manifests.
func (p planner) folder(ctx context.Context, app App, a argocd.Application) (gitops.Tree, error) {
	if a.Source.Kind != argocd.Directory {
		return gitops.Tree{}, refusal.New(refusal.Layout, "refused.source-kind", lang.With{
			"App": app.Name, "Application": a.Name, "Kind": string(a.Source.Kind), "Path": a.Source.Path,
		})
	}
	tree, err := p.repository.Read(ctx, a.Source.Path, a.Source.Recurse)
	if err != nil {
		return gitops.Tree{}, refuseGitHub(fmt.Errorf("read %s: %w", a.Source.Path, err))
	}
	return tree, nil
}

// weigh adds to a plan what it does and whether the cluster would take it.
func (p planner) weigh(ctx context.Context, made Plan, tree gitops.Tree, a argocd.Application) (Plan, error) {
	made.Diff = made.edited.diff(tree.Files)
	effects, err := p.policy().effects(tree.Files, made.edited, made.App.Object)
	if err != nil {
		return Plan{}, err
	}
	notes, err := p.checked(ctx, made, tree.Files)
	if err != nil {
		return Plan{}, err
	}
	effects = append(append(effects, notes...), sideEffects(a, made.App)...)
	others, err := p.unapplied(ctx, tree.Head, a)
	if err != nil {
		return Plan{}, err
	}
	made.Effects = dangerousFirst(append(effects, others...))
	made.Class = classify(made.Effects)
	made.Hash = made.sum()
	return made, nil
}

// sideEffects are what the same sync will do to the layer's other objects, since a commit syncs all of it.
func sideEffects(a argocd.Application, app App) []Effect {
	var found []Effect
	for _, r := range a.Resources {
		if r.Object == app.Object || r.Sync != argocd.OutOfSync || !a.AutoSync {
			continue
		}
		switch {
		case r.RequiresPruning && a.Prune:
			found = append(found, Effect{Code: AlsoPrunes, Object: r.String()})
		case !r.RequiresPruning:
			found = append(found, Effect{Code: AlsoChanges, Object: r.String()})
		}
	}
	return found
}

// unapplied tells of commits on the folder that Argo CD has not seen yet: the sync brings them too. It costs a call only
// where the head is not the revision that Argo CD compared with.
func (p planner) unapplied(ctx context.Context, head string, a argocd.Application) ([]Effect, error) {
	if a.Revision == "" || a.Revision == head {
		return nil, nil
	}
	paths, err := p.repository.Changed(ctx, a.Revision, head)
	if err != nil {
		return nil, refuseGitHub(fmt.Errorf("compare with what is applied: %w", err))
	}
	var found []Effect
	for _, changed := range paths {
		if path.Dir(changed) == path.Clean(a.Source.Path) {
			found = append(found, Effect{Code: OtherCommits, Object: changed})
		}
	}
	return found, nil
}

func (e Edited) diff(before []gitops.File) string {
	var all strings.Builder
	for _, f := range before {
		if after, touched := e.file(f.Path); touched {
			all.WriteString(udiff.Unified("a/"+f.Path, "b/"+f.Path, string(f.Data), string(after)))
		}
	}
	return all.String()
}

// sum is the plan's hash: the app, the change with the lines around it, and what is dangerous about it. The head is not in
// it, so that a commit elsewhere does not void an approval.
func (p Plan) sum() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q\n", p.App.Application, p.App.Object, p.Diff)
	if p.Act != "" {
		fmt.Fprintf(h, "%q %q\n", p.Act, p.Sight.Subject)
	}
	for _, e := range p.Effects {
		if e.dangerous() {
			fmt.Fprintf(h, "%q\n", e)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
