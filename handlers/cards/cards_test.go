package cards_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat/console"
	"rtbot/gitops"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// view is a change of gitea from 1 to 2 whose first steps are done.
func view(outcome change.Outcome, done int, alter func(*change.View)) change.View {
	v := change.View{
		Operation: "k7f3q2mz", Request: "scale gitea 2", Outcome: outcome,
		Plan: change.Plan{
			App:  change.App{Object: gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}, Application: "layer-03-apps"},
			Path: "k8s/03-apps/gitea.yaml", Line: 12, Field: "replicas", Old: "1", New: "2", Class: change.Change,
			Diff: "--- a/k8s/03-apps/gitea.yaml\n+++ b/k8s/03-apps/gitea.yaml\n@@ -12 +12 @@\n-  replicas: 1\n+  replicas: 2\n",
		},
	}
	for i, name := range []string{"plan", "approve", "commit", "detect", "sync", "verify"} {
		s := change.Step{Name: name, State: change.Pending}
		switch {
		case name == "approve":
		case i < done:
			s = change.Step{Name: name, State: change.Done, Began: noon, Ended: noon.Add(time.Duration(i+1) * 120 * time.Millisecond)}
		case i == done:
			s = change.Step{Name: name, State: change.Running, Began: noon}
		}
		v.Steps = append(v.Steps, s)
	}
	if done > 2 {
		v.Commit = gitops.Commit{SHA: "0123456789abcdef0123456789abcdef01234567"}
	}
	if alter != nil {
		alter(&v)
	}
	return v
}

// acted is an act of that verb whose first steps are done.
func acted(verb string, outcome change.Outcome, done int, alter func(*change.View)) change.View {
	v := view(outcome, 0, nil)
	v.Request, v.Steps = verb+" gitea", nil
	v.Plan = change.Plan{Act: verb, App: v.Plan.App, Class: change.Change}
	if verb == change.Renew {
		v.Request, v.Plan.App = verb, change.App{}
		v.Plan.Sight = change.Sight{Subject: "infra-secrets", Link: "https://git.example.org/rt/forge/actions/runs/7"}
	}
	for i, name := range []string{"plan", "approve", "act", "verify"} {
		s := change.Step{Name: name, State: change.Pending}
		if name != "approve" && i < done {
			s = change.Step{Name: name, State: change.Done, Began: noon, Ended: noon.Add(time.Second)}
		}
		v.Steps = append(v.Steps, s)
	}
	if alter != nil {
		alter(&v)
	}
	return v
}

// Every state of a change reads well in both languages.
func TestAChangeReadsWell(t *testing.T) {
	tests := map[string]change.View{
		"planning":  {Operation: "k7f3q2mz", Request: "scale gitea 2", Steps: view("", 0, nil).Steps},
		"under-way": view(change.Going, 4, nil),
		"argo-down": view(change.Going, 3, func(v *change.View) { v.Stale = refusal.New(refusal.ArgoCD, "stale.argocd", nil) }),
		"verified": view(change.Verified, 6, func(v *change.View) {
			v.Rollout = k8sops.Rollout{Generation: 2, Desired: 2, Ready: 2}
			v.Plan.Effects = []change.Effect{{Code: change.AlsoChanges, Object: "Deployment/nginx-front"}}
		}),
		"already": view(change.Already, 1, func(v *change.View) { v.Plan.Old, v.Plan.Diff = "2", "" }),
		"awaiting": view(change.Awaiting, 1, func(v *change.View) {
			v.Plan.New, v.Plan.Class = "0", change.Danger
			v.Plan.Effects = []change.Effect{{Code: change.ToZero, Object: "Deployment/gitea"}, {Code: change.AlsoPrunes, Object: "Service/old"}}
			v.Steps[1] = change.Step{Name: "approve", State: change.Running, Began: noon}
		}),
		"unconfirmed": view(change.Awaiting, 1, func(v *change.View) {
			v.Plan.New, v.Plan.Class, v.Decider = "0", change.Danger, change.ByAsker
			v.Plan.Effects = []change.Effect{{Code: change.ToZero, Object: "Deployment/gitea"}}
			v.Steps[1] = change.Step{Name: "approve", State: change.Running, Began: noon}
		}),
		"refused": view(change.Refused, 0, func(v *change.View) {
			v.Refused = refusal.New(refusal.Quota, "refused.quota", lang.With{"Name": "rt", "Resource": "pods", "Wanted": "11", "Hard": "10"})
		}),
		"sync-verified": acted(change.Sync, change.Verified, 4, func(v *change.View) {
			v.Rollout = k8sops.Rollout{Generation: 3, Desired: 1, Ready: 1}
		}),
		"sync-already":  acted(change.Sync, change.Already, 1, func(v *change.View) { v.Plan.Sight.Already = true }),
		"restart-going": acted(change.Restart, change.Going, 3, nil),
		"restart-verified": acted(change.Restart, change.Verified, 4, func(v *change.View) {
			v.Rollout = k8sops.Rollout{Generation: 2, Desired: 2, Ready: 2}
		}),
		"restart-awaiting": acted(change.Restart, change.Awaiting, 1, func(v *change.View) {
			v.Plan.Class, v.Plan.Effects = change.Danger, []change.Effect{{Code: change.Protected, Object: "Deployment/gitea"}}
		}),
		"restart-unconfirmed": acted(change.Restart, change.Awaiting, 1, func(v *change.View) { v.Decider = change.ByAsker }),
		"restart-failed": acted(change.Restart, change.Failed, 3, func(v *change.View) {
			v.Refused = refusal.New(refusal.Rollout, "failed.crash", lang.With{"App": "gitea", "Pod": "gitea-7d9c-x2x"}, "status gitea")
		}),
		"renew-going":    acted(change.Renew, change.Going, 3, nil),
		"renew-verified": acted(change.Renew, change.Verified, 4, nil),
		"renew-failed": acted(change.Renew, change.Failed, 3, func(v *change.View) {
			v.Refused = refusal.New(refusal.GitHub, "failed.job", lang.With{"Job": "infra-secrets", "Conclusion": "failure"}, change.Renew)
		}),
		"failed": view(change.Failed, 5, func(v *change.View) {
			v.Rollout = k8sops.Rollout{Generation: 2, Desired: 2, Ready: 1}
			v.Refused = refusal.New(refusal.Rollout, "failed.pull", lang.With{"App": "gitea", "Pod": "gitea-7d9c-x2x"}, "status gitea").
				Quoting("ErrImagePull: manifest unknown <!channel> \x1b[31m")
		}),
	}
	maker := cards.Maker{
		CommitURL:      func(sha string) string { return "https://git.example.org/rt/forge/commit/" + sha },
		ApplicationURL: func(name string) string { return "https://argo.example.org/applications/" + name },
	}
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range tests {
		var both strings.Builder
		for _, tag := range catalog.Languages() {
			both.WriteString(console.Render(maker.Operation(catalog.For(tag), v)) + "\n")
		}
		golden(t, name, both.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
