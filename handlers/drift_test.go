package handlers_test

import (
	"context"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/console"
	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/lang"
)

// fakeArgo is an Argo CD with one layer.
type fakeArgo struct {
	layer  argocd.Application
	drifts []argocd.Drift
	// news are what the stream shows after the first picture.
	news   []argocd.Application
	synced []gitops.Object
	err    error
}

func (f *fakeArgo) Refresh(_ context.Context, name string) (argocd.Application, error) {
	if name != "layer-03-apps" {
		return argocd.Application{Name: name}, f.err
	}
	return f.layer, f.err
}

func (f *fakeArgo) Drift(_ context.Context, _ string, only *gitops.Object) ([]argocd.Drift, error) {
	var found []argocd.Drift
	for _, d := range f.drifts {
		if only == nil || d.Object == *only {
			found = append(found, d)
		}
	}
	return found, f.err
}

func (f *fakeArgo) Sync(_ context.Context, _ string, o gitops.Object) error {
	f.synced = append(f.synced, o)
	return f.err
}

func (f *fakeArgo) Follow(context.Context, string) iter.Seq[argocd.Application] {
	return func(yield func(argocd.Application) bool) {
		for _, a := range append([]argocd.Application{f.layer}, f.news...) {
			if !yield(a) {
				return
			}
		}
	}
}

// layerOf is the layer with these objects out of sync.
func layerOf(objects ...gitops.Object) argocd.Application {
	a := argocd.Application{Name: "layer-03-apps"}
	for _, o := range objects {
		a.Resources = append(a.Resources, argocd.Resource{Object: o, Sync: argocd.OutOfSync})
	}
	return a
}

// field is a field of the container gitea, or of the object, that somebody changed.
func field(path, git, live, manager string) argocd.Field {
	f := argocd.Field{Path: strings.Split(path, "."), Git: git, Live: live, Manager: manager}
	if manager != "" {
		f.At = noon
	}
	return f
}

const inGitea = "spec.template.spec.containers.[gitea]."

// askAs asks a command in one language, as somebody with a role.
func askAs(t *testing.T, c handlers.Command, role handlers.Role, tag string, words ...string) chat.Card {
	t.Helper()
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	action, err := c.Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	card, err := action.Answer(t.Context(), handlers.Ask{Words: catalog.For(tag), Person: handlers.Person{Role: role}})
	if err != nil {
		t.Fatal(err)
	}
	return card
}

func TestDriftIsSaidFieldByField(t *testing.T) {
	gitea := apps[0].Object
	secret := gitops.Object{Kind: "Secret", Namespace: "rt", Name: "token"}
	config := gitops.Object{Kind: "ConfigMap", Namespace: "rt", Name: "motd"}
	argo := &fakeArgo{layer: layerOf(gitea, secret, config), drifts: []argocd.Drift{
		{Object: gitea, Fields: []argocd.Field{
			field("spec.replicas", "1", "3", "kubectl-edit"), field("spec.paused", "", "true", "kubectl-edit"),
			field(inGitea+"image", "gitea/gitea:1.22", "gitea/gitea:1.23", "kubectl-set"),
			field(inGitea+"resources.limits.memory", "512Mi", "1Gi", "kubectl-edit"),
			field(inGitea+"resources.requests.memory", "", "256Mi", "kubectl-edit"),
		}},
		{Object: config, Missing: true},
		{Object: secret, Fields: []argocd.Field{field("data.key", "c2VjcmV0", "b3RoZXI=", "kubectl-edit")}},
	}}
	var both strings.Builder
	for _, tag := range []string{"en", "fr"} {
		both.WriteString(console.Render(askAs(t, handlers.Drift(apps, argo), handlers.Operator, tag)) + "\n")
		both.WriteString(console.Render(askAs(t, handlers.Drift(apps, argo), handlers.Viewer, tag, "gitea")) + "\n")
		both.WriteString(console.Render(askAs(t, handlers.Drift(apps, argo), handlers.Operator, tag, "postgres")) + "\n")
		both.WriteString(console.Render(askAs(t, handlers.Drift(apps, &fakeArgo{}), handlers.Operator, tag)) + "\n")
	}
	golden(t, "drift", both.String())
	if said := both.String(); strings.Contains(said, "c2VjcmV0") || strings.Contains(said, "b3RoZXI=") {
		t.Error("a secret's value is on the card")
	}
}

func TestWhatIsTakenIntoGit(t *testing.T) {
	tests := map[string]struct {
		field argocd.Field
		want  []string
	}{
		"the replicas":                   {field("spec.replicas", "1", "2", "kubectl-edit"), []string{"scale gitea 2"}},
		"the replicas of an autoscaler":  {field("spec.replicas", "1", "2", "kube-controller-manager"), nil},
		"the replicas of nobody known":   {field("spec.replicas", "1", "2", ""), nil},
		"a field that was taken out":     {field("spec.replicas", "1", "", "kubectl-edit"), nil},
		"a field that no verb edits":     {field("spec.paused", "", "true", "kubectl-edit"), nil},
		"a tag":                          {field(inGitea+"image", "a/b:1", "a/b:2", "k9s"), []string{"image gitea 2"}},
		"another repository":             {field(inGitea+"image", "a/b:1", "c/d:2", "k9s"), []string{"image gitea c/d:2"}},
		"a sidecar":                      {field("spec.template.spec.containers.[proxy].image", "a/b:1", "a/b:2", "k9s"), []string{"image gitea proxy 2"}},
		"a limit":                        {field(inGitea+"resources.limits.cpu", "1", "2", "k9s"), []string{"resources gitea cpu=:2"}},
		"a recommender's request":        {field(inGitea+"resources.requests.cpu", "1", "2", "vpa-recommender"), nil},
		"what Argo CD itself wrote":      {field("spec.replicas", "1", "2", "argocd-controller"), nil},
		"what is no command":             {field(inGitea+"image", "a/b:1", "a/b:2; scale x 0", "k9s"), nil},
		"an amount that nobody can mean": {field(inGitea+"resources.limits.memory", "1Gi", "1e100", "k9s"), nil},
		"storage, which no verb sets":    {field(inGitea+"resources.limits.ephemeral-storage", "1Gi", "2Gi", "k9s"), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			argo := &fakeArgo{layer: layerOf(apps[0].Object), drifts: []argocd.Drift{{Object: apps[0].Object, Fields: []argocd.Field{test.field}}}}
			card := askAs(t, handlers.Drift(apps, argo), handlers.Operator, "en", "gitea")
			var got []string
			for _, b := range card.Buttons {
				got = append(got, b.Command)
			}
			if diff := cmp.Diff(append([]string{"sync gitea"}, test.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestASyncIsOfOneObject(t *testing.T) {
	gitea := apps[0]
	synced := layerOf(gitea.Object)
	synced.Resources = []argocd.Resource{{Object: gitea.Object, Sync: argocd.Synced}}
	failed := layerOf(gitea.Object)
	failed.Operation = argocd.Operation{Phase: "Failed", Message: "no", FinishedAt: noon}
	before := layerOf(gitea.Object)
	before.Operation = argocd.Operation{Phase: "Failed", Message: "of yesterday", FinishedAt: noon.Add(-24 * time.Hour)}
	gone := layerOf(gitea.Object)
	gone.Resources[0].RequiresPruning = true
	broken := layerOf(gitea.Object)
	broken.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "a tab"}}
	tests := map[string]struct {
		layer argocd.Application
		news  []argocd.Application
		want  string
	}{
		"it comes to be as Git says":        {before, []argocd.Application{before, synced}, "applied"},
		"it is as Git says":                 {synced, nil, "already"},
		"it cannot be applied":              {before, []argocd.Application{failed}, "E_ARGOCD failed.sync | drift gitea"},
		"it is not in Git":                  {gone, nil, "E_NOT_FOUND refused.not-in-git"},
		"Argo CD cannot read the manifests": {broken, nil, "E_ARGOCD failed.comparison"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			argo := &fakeArgo{layer: test.layer, news: test.news}
			if got := syncOf(t, argo, gitea); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// syncOf goes through the act as the engine does.
func syncOf(t *testing.T, argo *fakeArgo, app change.App) string {
	t.Helper()
	a, err := handlers.Sync(argo).Parse([]string{app.Name})
	if err != nil {
		t.Fatal(err)
	}
	act := a.Change.Act
	seen, err := act.Look(t.Context(), app)
	if err != nil {
		return codeOf(err)
	}
	if seen.Already {
		return "already"
	}
	if err := act.Do(t.Context(), app, seen); err != nil {
		return codeOf(err)
	}
	if diff := cmp.Diff([]gitops.Object{app.Object}, argo.synced); diff != "" {
		t.Errorf("what is applied (-want +got):\n%s", diff)
	}
	settler, ok := act.(interface {
		Settle(ctx context.Context, app change.App, seen change.Sight) error
	})
	if !ok {
		t.Fatal("the act does not wait")
	}
	if err := settler.Settle(t.Context(), app, seen); err != nil {
		return codeOf(err)
	}
	return "applied"
}
