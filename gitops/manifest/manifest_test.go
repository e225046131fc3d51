package manifest_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

var update = flag.Bool("update", false, "rewrite the goldens")

var gitea = gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}

// corpus are manifests as people write them, and what no edit may touch.
func corpus(tb testing.TB) []gitops.File {
	tb.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	files := make([]gitops.File, 0, len(paths))
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, gitops.File{Path: filepath.Base(p), Data: data})
	}
	return files
}

// TestReplicas compares what becomes of each file with one golden: the changed line, or why it was refused.
func TestReplicas(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, f := range corpus(t) {
		edit, err := manifest.Replicas(f, gitea, 5)
		if err != nil {
			fmt.Fprintf(&got, "%-28s %s\n", strings.TrimSuffix(f.Path, ".yaml"), reason(t, err))
			continue
		}
		before, after := onlyValue(t, f, edit)
		fmt.Fprintf(&got, "%-28s line %d: %q -> %q\n", strings.TrimSuffix(f.Path, ".yaml"), edit.Line, before, after)
	}
	const golden = "testdata/corpus.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the corpus is edited otherwise (-want +got):\n%s", diff)
	}
}

func reason(tb testing.TB, err error) string {
	tb.Helper()
	refused, ok := errors.AsType[*manifest.RefusedError](err)
	if !ok {
		tb.Fatalf("got %v, want a *manifest.RefusedError", err)
	}
	return fmt.Sprintf("refused: %s at line %d", refused.Code, refused.Line)
}

// onlyValue checks that an edit replaced the bytes of one value and no other, and returns the text around them on
// their line.
func onlyValue(tb testing.TB, f gitops.File, e manifest.Edit) (before, after string) {
	tb.Helper()
	head := 0
	for head < min(len(f.Data), len(e.Data)) && f.Data[head] == e.Data[head] {
		head++
	}
	if !bytes.HasPrefix(f.Data[head:], []byte(e.Old)) || !bytes.HasPrefix(e.Data[head:], []byte(e.New)) ||
		!bytes.Equal(f.Data[head+len(e.Old):], e.Data[head+len(e.New):]) {
		tb.Fatalf("%s: more than the value changed:\n%q\n%q", f.Path, f.Data, e.Data)
	}
	return lineAt(f.Data, head), lineAt(e.Data, head)
}

func lineAt(data []byte, at int) string {
	start := bytes.LastIndexByte(data[:at], '\n') + 1
	end := bytes.IndexByte(data[at:], '\n')
	if end < 0 {
		return string(data[start:])
	}
	return string(data[start : at+end])
}

func TestReplicasOfTheSameNumber(t *testing.T) {
	t.Parallel()
	file := gitops.File{Path: "gitea.yaml", Data: fmt.Appendf(nil, deployment, 3)}
	edit, err := manifest.Replicas(file, gitea, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := manifest.Edit{Data: file.Data, Line: 4, Old: "3", New: "3"}
	if diff := cmp.Diff(want, edit); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gitea, namespace: rt}\nspec: {replicas: %d}\n"

func TestTooLarge(t *testing.T) {
	t.Parallel()
	data := append(fmt.Appendf(nil, deployment, 3), bytes.Repeat([]byte("# filler\n"), gitops.MaxFile/8)...)
	_, err := manifest.Replicas(gitops.File{Path: "gitea.yaml", Data: data}, gitea, 5)
	if got, want := reason(t, err), "refused: too-large at line 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	file := func(path, text string) gitops.File { return gitops.File{Path: path, Data: []byte(text)} }
	declared := fmt.Sprintf(deployment, 3)
	tests := []struct {
		name  string
		files []gitops.File
		want  string
	}{
		{"one file declares it", []gitops.File{file("a/svc.yaml", "kind: Service\n"), file("a/gitea.yaml", declared)}, "a/gitea.yaml"},
		{"another file is broken", []gitops.File{file("a/bad.yaml", "a: [\n"), file("a/gitea.yaml", declared)}, "a/gitea.yaml"},
		{"nothing declares it", []gitops.File{file("a/svc.yaml", "kind: Service\n")}, "refused: not-found at line 0"},
		{"a broken file may declare it", []gitops.File{file("a/bad.yaml", "a: b\nc: [\n")}, "refused: yaml at line 2"},
		{"two files declare it", []gitops.File{file("a/gitea.yaml", declared), file("a/old.yaml", "# old\n"+declared)}, "refused: ambiguous at line 2"},
		{"a Helm chart", []gitops.File{file("a/Chart.yaml", "name: x\n"), file("a/gitea.yaml", declared)}, "refused: helm at line 1"},
		{"a kustomization", []gitops.File{file("a/kustomization.yaml", "resources: [gitea.yaml]\n"), file("a/gitea.yaml", declared)}, "refused: kustomize at line 1"},
		{"a kustomization that sets the replicas", []gitops.File{
			file("a/kustomization.yml", "resources: [gitea.yaml]\nreplicas:\n  - name: web\n    count: 1\n  - name: gitea\n    count: 3\n"),
			file("a/gitea.yaml", declared),
		}, "refused: kustomize at line 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, _, err := manifest.Find(tt.files, gitea)
			got := found.Path
			if err != nil {
				got = reason(t, err)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAKustomizationNamesThePlaceOfItsImages(t *testing.T) {
	t.Parallel()
	_, _, err := manifest.FindImage([]gitops.File{{Path: "kustomization.yaml", Data: []byte("resources: [a.yaml]\nreplicas: [{name: gitea, count: 2}]\nimages:\n  - name: gitea/gitea\n    newTag: 1.22\n")}}, gitea)
	if got, want := reason(t, err), "refused: kustomize at line 4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDocumentIsTheOneObject(t *testing.T) {
	t.Parallel()
	file := gitops.File{Path: "all.yaml", Data: []byte("kind: Service\n---\n" + fmt.Sprintf(deployment, 3))}
	got, err := manifest.Document(file, gitea)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(deployment, 3); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
