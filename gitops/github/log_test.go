package github_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
)

func TestHistoryAndRewritesOfAFile(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.push("first", map[string]file{"k8s/a.yaml": {"100644", "one\n"}, "k8s/b.yaml": {"100644", "b\n"}})
	second := w.push("second", map[string]file{"k8s/a.yaml": {"100644", "two\n"}})
	w.push("elsewhere", map[string]file{"k8s/b.yaml": {"100644", "c\n"}})
	third := w.push("third", map[string]file{"k8s/a.yaml": {"100644", "three\n"}, "k8s/new.yaml": {"100644", "new\n"}})

	got, err := w.repo.History(t.Context(), "k8s/a.yaml", 2)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got {
		names = append(names, c.SHA+" "+strings.TrimSpace(c.Message))
	}
	if diff := cmp.Diff([]string{third + " third", second + " second"}, names); diff != "" {
		t.Errorf("the history (-want +got):\n%s", diff)
	}

	rewrites, err := w.repo.Rewrites(t.Context(), third)
	if err != nil {
		t.Fatal(err)
	}
	want := []gitops.Rewrite{{Path: "k8s/a.yaml", Before: []byte("two\n"), After: []byte("three\n")}, {Path: "k8s/new.yaml"}}
	if diff := cmp.Diff(want, rewrites); diff != "" {
		t.Errorf("the rewrites (-want +got):\n%s", diff)
	}
	if _, err := w.repo.Rewrites(t.Context(), "main"); outcome(err) != "invalid" {
		t.Errorf("a branch instead of a commit: %v", err)
	}
	if _, err := w.repo.Rewrites(t.Context(), strings.Repeat("1", 40)); err == nil {
		t.Error("a commit that is not there was read")
	}
}
