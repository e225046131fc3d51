package diagnose_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// noon is when all cases were recorded.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// answers are what the registry said in those cases in which it was asked, and logs what containers wrote.
var (
	answers = map[string]diagnose.Answer{
		"missing-tag":    {Secret: "dockerhub-auth-secret", Verdict: diagnose.NoTag, Said: "manifest unknown", Near: []string{"1.22.0", "1.21"}},
		"wrong-token":    {Secret: "dockerhub-auth-secret", Verdict: diagnose.RefusedCreds, Said: "Unauthorized: incorrect username or password"},
		"wrong-platform": {Secret: "dockerhub-auth-secret", Verdict: diagnose.Accepted, Platforms: []string{"linux/amd64"}},
		"sa-not-patched": {Secret: "dockerhub-auth-secret", Verdict: diagnose.Accepted},
		"forbidden":      {Secret: "dockerhub-auth-secret", Verdict: diagnose.ForbiddenCreds},
		"late-secret":    {Secret: "dockerhub-auth-secret", Verdict: diagnose.Accepted},
	}
	logs = map[string]string{"crash-loop": "starting\npanic: no database\n", "init-failure": "migration 12: table exists\n"}
)

func recordedCase(tb testing.TB, file string) diagnose.Snapshot {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := k8sops.Recorded(noon, text)
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	name := caseName(file)
	if a, asked := answers[name]; asked {
		a.Image = s.Pod.Spec.Containers[0].Image
		s.Answers = []diagnose.Answer{a}
	}
	if text, wrote := logs[name]; wrote {
		container := append(s.Pod.Spec.InitContainers, s.Pod.Spec.Containers...)[0].Name
		s.Logs = []diagnose.Log{{Container: container, Previous: true, Text: text}}
	}
	return s
}

func caseName(file string) string { return strings.TrimSuffix(filepath.Base(file), ".yaml") }

func cases(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no cases: %v", err)
	}
	return files
}

func TestEveryCaseIsExplained(t *testing.T) {
	for _, file := range cases(t) {
		t.Run(caseName(file), func(t *testing.T) {
			got, err := json.MarshalIndent(diagnose.Explain(recordedCase(t, file)), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A case that is named like a root cause has it first.
func TestTheRootCauseStandsFirst(t *testing.T) {
	t.Parallel()
	for _, file := range cases(t) {
		name := diagnose.Reason(caseName(file))
		if !slices.Contains(diagnose.Reasons(), name) {
			continue
		}
		found := diagnose.Explain(recordedCase(t, file))
		if len(found) == 0 || found[0].Reason != name {
			t.Errorf("%s: got %v", name, summary(found))
		}
	}
}

func summary(found []diagnose.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, string(f.Code)+" "+string(f.Reason))
	}
	return all
}
