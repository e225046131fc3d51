package change_test

import (
	"testing"

	"rtbot/gitops"
	"rtbot/handlers/change"
)

func TestThePlaceInGitIsFound(t *testing.T) {
	t.Parallel()
	engine := newWorld(t).engine()
	app := func(name string) change.App {
		return change.App{Object: gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: name}, Application: "layer-03-apps"}
	}
	tests := map[string]struct {
		app   string
		words []string
		line  int
	}{
		"the line of its image":           {"gitea", []string{"gitea/gitea:1.22", "image:"}, 8},
		"the second word, not the first":  {"gitea", []string{"", "no-such", "replicas:"}, 7},
		"no word: where it is declared":   {"gitea", []string{"limits:"}, 2},
		"an app that nobody has declared": {"none", nil, 0},
	}
	for name, test := range tests {
		path, line, err := engine.Place(t.Context(), app(test.app), test.words)
		if (err != nil) != (test.line == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if line != test.line || err == nil && path != giteaFile {
			t.Errorf("%s: got %s:%d, want line %d", name, path, line, test.line)
		}
	}
}
