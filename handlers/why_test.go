package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
	"rtbot/lang"
)

// fakeCluster explains what it is told to, and remembers what it was asked.
type fakeCluster struct {
	app   k8sops.Explanation
	named map[string]k8sops.Explanation
	err   error
	asked []string
}

func (f *fakeCluster) ExplainApp(_ context.Context, o k8sops.Object) (k8sops.Explanation, error) {
	f.asked = append(f.asked, "app "+o.Namespace+"/"+o.Kind+"/"+o.Name)
	return f.app, f.err
}

func (f *fakeCluster) ExplainName(_ context.Context, namespace, name string) (k8sops.Explanation, error) {
	f.asked = append(f.asked, "name "+namespace+"/"+name)
	e, found := f.named[name]
	if f.err == nil && !found {
		return e, k8sops.ErrNotFound
	}
	return e, f.err
}

// fakeGit knows gitea, and where it is declared.
type fakeGit struct{ err error }

func (fakeGit) Apps() ([]change.App, error) {
	return []change.App{{Object: gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}, Application: "layer-03-apps"}}, nil
}

func (f fakeGit) Place(_ context.Context, _ change.App, words []string) (path string, line int, err error) {
	return "k8s/03-apps/" + words[0] + ".yaml", 7, f.err
}

func (fakeGit) Author(c gitops.Commit) (who, operation string) { return c.Author, "" }

func (fakeGit) History(_ context.Context, _ string, n int) ([]gitops.Commit, error) {
	all := []gitops.Commit{{SHA: "0123456789", Message: "gitea: less memory", Author: "dave"}, {SHA: "fedcba9876", Message: "gitea", Author: "dave"}}
	return all[:min(n, len(all))], nil
}

func (fakeGit) FileURL(path string, line int) string {
	return fmt.Sprintf("https://git.example.org/%s#L%d", path, line)
}

// outOfMemory is a finding that a file mends.
func outOfMemory() k8sops.Explanation {
	return k8sops.Explanation{App: "gitea", Namespace: "rt", Pod: "gitea-0", Pods: 1, Sharing: 1, Findings: []diagnose.Finding{{
		Code: diagnose.OOMKilled, Reason: diagnose.OutOfMemory, Fix: diagnose.FixFile, With: diagnose.With{"App": "gitea", "Limit": "256Mi"},
	}}}
}

func TestWhyFindsWhoIsMeant(t *testing.T) {
	t.Parallel()
	unreachable := fmt.Errorf("read pods: %w", k8sops.ErrUnreachable)
	tests := map[string]struct {
		word    string
		cluster fakeCluster
		git     fakeGit
		asked   []string
		title   string
		file    string
		refused refusal.Code
	}{
		"an app": {
			word: "gitea", cluster: fakeCluster{app: outOfMemory()}, asked: []string{"app rt/Deployment/gitea"},
			title: "gitea ran out of memory at its limit of 256Mi.", file: "k8s/03-apps/limits:.yaml:7",
		},
		"an app whose file is not found": {
			word: "gitea", cluster: fakeCluster{app: outOfMemory()}, git: fakeGit{errors.New("gone")}, asked: []string{"app rt/Deployment/gitea"},
			title: "gitea ran out of memory at its limit of 256Mi.",
		},
		"a pod of an app": {
			word: "gitea-0", cluster: fakeCluster{named: map[string]k8sops.Explanation{"gitea-0": outOfMemory()}}, asked: []string{"name /gitea-0"},
			title: "gitea ran out of memory at its limit of 256Mi.", file: "k8s/03-apps/limits:.yaml:7",
		},
		"a pod with its namespace": {
			word: "rt/pod/gitea-0", cluster: fakeCluster{named: map[string]k8sops.Explanation{"gitea-0": {App: "other", Namespace: "rt", Pod: "gitea-0", Running: true}}},
			asked: []string{"name rt/gitea-0"}, title: "other runs: nothing is wrong that can be seen.",
		},
		"nobody of that name":         {word: "gitae", asked: []string{"name /gitae"}, refused: refusal.NotFound},
		"no pod of that name":         {word: "pod/gitea-1", asked: []string{"name /gitea-1"}, refused: refusal.NotFound},
		"a cluster that is not there": {word: "gitea", cluster: fakeCluster{err: unreachable}, asked: []string{"app rt/Deployment/gitea"}, refused: refusal.Cluster},
	}
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			action, err := handlers.Why(test.git, &test.cluster, test.git, cards.Maker{CommitURL: func(sha string) string { return "https://git.example.org/commit/" + sha }}).Parse([]string{test.word})
			if err != nil {
				t.Fatal(err)
			}
			card, err := action.Answer(t.Context(), handlers.Ask{Words: catalog.For("en")})
			if no, _ := refusal.Of(err); no != nil && no.Code != test.refused || (err != nil) != (test.refused != "") {
				t.Errorf("got %v, want %q", err, test.refused)
			}
			if diff := cmp.Diff(test.asked, test.cluster.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if card.Title != test.title || fileOf(card) != test.file {
				t.Errorf("got %q and the file %q", card.Title, fileOf(card))
			}
			undo := chat.Button{Label: "Undo the last change", Command: "undo gitea"}
			if slices.Contains(card.Buttons, undo) != (test.file != "") {
				t.Errorf("got the buttons %v", card.Buttons)
			}
		})
	}
}

func fileOf(c chat.Card) string {
	for _, f := range c.Facts {
		if f.Link != "" {
			return f.Value
		}
	}
	return ""
}
