package manifest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

// containers are workloads as people write them, with what an edit of a container meets.
func containers(tb testing.TB) []gitops.File {
	tb.Helper()
	paths, err := filepath.Glob("testdata/containers/*.yaml")
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

// wanted are the resources that the corpus is set to.
var wanted = manifest.Compute{CPU: manifest.Amount{Limit: "2"}, Memory: manifest.Amount{Request: "300Mi", Limit: "1Gi"}}

// TestResources compares what becomes of each file with one golden: the changed lines, or why it was refused.
func TestResources(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, f := range containers(t) {
		edit, err := manifest.Resources(f, gitea, "", wanted)
		if err != nil {
			fmt.Fprintf(&got, "== %s %s\n", f.Path, reason(t, err))
			continue
		}
		fmt.Fprintf(&got, "== %s line %d: %s -> %s\n%s", f.Path, edit.Line, edit.Old, edit.New, changed(f.Data, edit.Data))
	}
	compareGolden(t, "testdata/resources.golden", got.String())
}

// TestImage sets the tag of each file's image.
func TestImage(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, f := range containers(t) {
		edit, err := manifest.Image(f, gitea, "", manifest.Reference{Tag: "1.23"})
		if err != nil {
			fmt.Fprintf(&got, "== %s %s\n", f.Path, reason(t, err))
			continue
		}
		fmt.Fprintf(&got, "== %s line %d: %s -> %s\n%s", f.Path, edit.Line, edit.Old, edit.New, changed(f.Data, edit.Data))
	}
	compareGolden(t, "testdata/image.golden", got.String())
}

// changed are the lines that go and come, with their line endings made visible.
func changed(before, after []byte) string {
	var lines strings.Builder
	for line := range strings.Lines(udiff.Unified("a", "b", string(before), string(after))) {
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") || (line[0] != '-' && line[0] != '+') {
			continue
		}
		lines.WriteString(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\r", "\\r") + "\n")
	}
	return lines.String()
}

func compareGolden(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.Clean(golden))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the files are edited otherwise (-want +got):\n%s", diff)
	}
}

func TestTheContainerThatIsNamed(t *testing.T) {
	t.Parallel()
	files := map[string]gitops.File{}
	for _, f := range containers(t) {
		files[f.Path] = f
	}
	tests := []struct {
		name, file, container, want string
	}{
		{"a sidecar", "sidecar.yaml", "proxy", "envoy:v1 -> envoy:9"},
		{"the one of the app's name", "sidecar.yaml", "", "gitea/gitea:1.22 -> gitea/gitea:9"},
		{"an init container", "init-container.yaml", "init", "alpine:3 -> alpine:9"},
		{"none of that name", "sidecar.yaml", "prox", "refused: container at line 9 [gitea proxy]"},
		{"several to choose from", "two-others.yaml", "", "refused: container at line 9 [web proxy]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edit, err := manifest.Image(files[tt.file], gitea, tt.container, manifest.Reference{Tag: "9"})
			got := edit.Old + " -> " + edit.New
			if err != nil {
				got = fmt.Sprint(reason(t, err), " ", namesOf(err))
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func namesOf(err error) []string {
	refused, _ := err.(*manifest.RefusedError) //nolint:errorlint // reason has seen that it is one
	return refused.Names
}

func TestReferences(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	tests := map[string]struct {
		want manifest.Reference
		host string
	}{
		"nginx":                             {manifest.Reference{Repository: "nginx"}, "docker.io"},
		"nginx:1.27":                        {manifest.Reference{Repository: "nginx", Tag: "1.27"}, "docker.io"},
		"gitea/gitea:1.22":                  {manifest.Reference{Repository: "gitea/gitea", Tag: "1.22"}, "docker.io"},
		"localhost/x:1":                     {manifest.Reference{Repository: "localhost/x", Tag: "1"}, "localhost"},
		"registry.example.org:5000/a/b":     {manifest.Reference{Repository: "registry.example.org:5000/a/b"}, "registry.example.org:5000"},
		"ghcr.io/a/b_c@" + digest:           {manifest.Reference{Repository: "ghcr.io/a/b_c", Digest: digest}, "ghcr.io"},
		"ghcr.io/a/b:v1@" + digest:          {manifest.Reference{Repository: "ghcr.io/a/b", Tag: "v1", Digest: digest}, "ghcr.io"},
		"Nginx:1":                           {},
		"nginx:":                            {},
		"nginx:.1":                          {},
		"nginx@sha256:abc":                  {},
		"https://registry.example.org/x":    {},
		"nginx :1":                          {},
		"a//b":                              {},
		"nginx:" + strings.Repeat("a", 129): {},
	}
	for image, tt := range tests {
		got, ok := manifest.ParseReference(image)
		if got != tt.want || ok != (tt.host != "") {
			t.Errorf("%q: got %+v %t", image, got, ok)
		}
		if ok && (got.String() != image || got.Host() != tt.host) {
			t.Errorf("%q: got %q of %q, want the host %q", image, got, got.Host(), tt.host)
		}
	}
}
