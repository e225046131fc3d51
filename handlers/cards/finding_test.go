package cards_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rtbot/chat/console"
	"rtbot/handlers/cards"
	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
	"rtbot/lang"
)

const recordings = "../../k8sops/diagnose/testdata/cases/"

func explained(t *testing.T, file string) k8sops.Explanation {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := k8sops.ExplainRecorded(noon, text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var whyMaker = cards.Maker{
	CommitURL:  func(sha string) string { return "https://git.example.org/rt/forge/commit/" + sha },
	SecretsURL: "https://git.example.org/rt/forge/settings/secrets/actions",
	SecretName: func(namespace, name string) string {
		return map[string]string{"rt/dockerhub-auth-secret": "DOCKER_PASSWORD"}[namespace+"/"+name]
	},
}

// Every recorded trouble reads well in both languages.
func TestAnExplanationReadsWell(t *testing.T) {
	files, err := filepath.Glob(recordings + "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	place := &cards.Place{
		Path: "k8s/03-apps/gitea.yaml", Line: 21, Link: "https://git.example.org/rt/forge/blob/main/k8s/03-apps/gitea.yaml#L21",
		Commit: "0123456789abcdef", Headline: "gitea: set image from 1.22 to 1.33", Who: "bob",
	}
	for _, file := range files {
		e := explained(t, file)
		at := place
		if len(e.Findings) == 0 || e.Findings[0].Fix != diagnose.FixFile {
			at = nil
		}
		var both strings.Builder
		for _, tag := range catalog.Languages() {
			text := console.Render(whyMaker.Why(catalog.For(tag), e, at))
			if strings.Contains(text, "<no value>") || strings.Contains(text, "[finding.") {
				t.Errorf("%s: a sentence lacks a value:\n%s", file, text)
			}
			both.WriteString(text + "\n")
		}
		golden(t, filepath.Join("why", strings.TrimSuffix(filepath.Base(file), ".yaml")), both.String())
	}
}

// A code without words, or words without a recording, would be seen by nobody before a user sees it.
func TestEveryRootCauseHasWords(t *testing.T) {
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range catalog.Languages() {
		w := catalog.For(tag)
		for _, reason := range diagnose.Reasons() {
			f := diagnose.Finding{Reason: reason}
			for _, said := range []string{cards.Headline(w, f), cards.Cause(w, f), cards.Resolution(w, f)} {
				if said == "" || strings.HasPrefix(said, "[") {
					t.Errorf("%s: %s has no words: %q", tag, reason, said)
				}
			}
		}
		for _, kind := range diagnose.EvidenceKinds() {
			f := diagnose.Finding{Evidence: []diagnose.Evidence{{Kind: kind}}}
			if said := cards.Evidence(w, f); len(said) != 1 || strings.HasPrefix(said[0], "[") {
				t.Errorf("%s: evidence %s has no words: %q", tag, kind, said)
			}
		}
		for _, fact := range diagnose.CheckFacts() {
			f := diagnose.Finding{Checks: []diagnose.Check{{Step: diagnose.StepSaid, Fact: fact}}}
			if said := cards.Evidence(w, f); len(said) != 1 || strings.Contains(said[0], "[") {
				t.Errorf("%s: %s has no words: %q", tag, fact, said)
			}
		}
	}
}

func TestSharedTroubleIsCounted(t *testing.T) {
	e := explained(t, recordings+"out-of-memory.yaml")
	e.Pods, e.Sharing, e.Unread = 3, 2, []diagnose.Unread{{What: "node", Why: "forbidden"}}
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "why/shared", console.Render(whyMaker.Why(catalog.For("en"), e, nil)))
}

func TestAnAppWithoutPodsIsExplained(t *testing.T) {
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range []k8sops.Explanation{{App: "gitea"}, {App: "gitea", Desired: 2}, {App: "gitea", Namespace: "rt", Pod: "gitea-0", Desired: 1}} {
		for _, tag := range catalog.Languages() {
			all.WriteString(console.Render(whyMaker.Why(catalog.For(tag), e, nil)))
		}
	}
	golden(t, "why/none", all.String())
}
