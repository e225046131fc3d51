package manifest_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

// TestMain makes the properties check 10,000 examples, the same each time: nothing fails by chance for another change's
// fault. The flags of rapid take others, and make fuzz looks for new ones.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.checks": "10000", "rapid.seed": "1"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			_ = f.Value.Set(value)
		}
	}
	os.Exit(m.Run())
}

// TestOnlyTheNumberChanges edits manifests that are made by chance around a number whose place is known: the result is the
// same text around the new number.
func TestOnlyTheNumberChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := drawManifest(t)
		was, now := rapid.Int32Range(0, 100_000).Draw(t, "was"), rapid.Int32Range(0, 100_000).Draw(t, "now")
		with := func(n int32) []byte { return []byte(strings.Replace(text, place, strconv.Itoa(int(n)), 1)) }
		edit, err := manifest.Replicas(gitops.File{Path: "x.yaml", Data: with(was)}, gitea, now)
		if err != nil {
			t.Fatalf("%v:\n%q", err, with(was))
		}
		if !bytes.Equal(edit.Data, with(now)) {
			t.Fatalf("got  %q\nwant %q", edit.Data, with(now))
		}
	})
}

// place stands where the number goes.
const place = "{N}"

// drawManifest makes a file in which one Deployment, gitea, is declared in one of the ways that people write it.
func drawManifest(t *rapid.T) string {
	spaces := strings.Repeat(" ", rapid.IntRange(1, 6).Draw(t, "indentation"))
	comment := rapid.SampledFrom([]string{"", " # why: raft", "   # été 😀 {replicas: 7}", "  "}).Draw(t, "comment")
	key := rapid.SampledFrom([]string{"replicas", `"replicas"`, "'replicas'"}).Draw(t, "key")
	gap := strings.Repeat(" ", rapid.IntRange(1, 4).Draw(t, "gap"))
	beside := drawLines(t, "beside", []string{
		"paused: false", "# replicas: 9", "revisionHistoryLimit: &history 3", "minReadySeconds: 0x1f", "note: 'it''s: {3}'",
		"strategy: {type: Recreate}", "selector: {matchLabels: {app: \"gitea\"}}", "on: yes", "text: |\n" + spaces + spaces + "replicas: 4",
	})
	spec := append(append([]string{}, beside...), key+":"+gap+place+comment)
	spec[len(spec)-1], spec[len(beside)/2] = spec[len(beside)/2], spec[len(spec)-1]
	parts := []string{
		rapid.SampledFrom([]string{"apiVersion: apps/v1", "apiVersion: 'apps/v1'"}).Draw(t, "version"),
		"kind: Deployment",
		rapid.SampledFrom([]string{
			"metadata: {name: gitea, namespace: rt}", "metadata:\n" + spaces + "name: gitea",
			"metadata:\n" + spaces + "labels:\n" + spaces + spaces + "name: other\n" + spaces + "name: \"gitea\"",
		}).Draw(t, "metadata"),
		"spec:" + comment + "\n" + spaces + strings.Join(spec, "\n"+spaces),
	}
	object := strings.Join(rapid.Permutation(parts).Draw(t, "order"), "\n") + "\n"
	others := []string{"# nothing\n", "apiVersion: v1\nkind: Service\nmetadata: {name: gitea}\nspec: {replicas: 3}\n", "kind: Deployment\nmetadata: {name: gitea}\nspec: {replicas: 3}\n"}
	documents := rapid.SliceOfN(rapid.SampledFrom(others), 0, 3).Draw(t, "others")
	at := rapid.IntRange(0, len(documents)).Draw(t, "place")
	documents = append(documents[:at:at], append([]string{object}, documents[at:]...)...)
	text := rapid.SampledFrom([]string{"", "---\n", "# file\n"}).Draw(t, "start") + strings.Join(documents, "---\n") +
		rapid.SampledFrom([]string{"", "...\n", "\n\n"}).Draw(t, "end")
	if rapid.Bool().Draw(t, "without a last line ending") {
		text = strings.TrimSuffix(text, "\n")
	}
	if rapid.Bool().Draw(t, "windows") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "byte order mark") + text
}

// drawLines draws some lines, each at most once: a key may not stand twice.
func drawLines(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 5, rapid.ID[string]).Draw(t, label)
}

// TestCorpusWithADamagedByte damages manifests by chance: the edit is refused, or is of one value and leaves the rest as
// it was.
func TestCorpusWithADamagedByte(t *testing.T) {
	t.Parallel()
	files := corpus(t)
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(files).Draw(t, "file")
		data := bytes.Clone(f.Data)
		for range rapid.IntRange(0, 3).Draw(t, "times") {
			at := rapid.IntRange(0, len(data)).Draw(t, "at")
			piece := rapid.SampledFrom([]string{"\n", "\r", "\t", " ", "#", "'", "\"", "&a ", "*a", "{", "}", "3", "---\n", "\ufeff", "é", "\u2028", "|\n", "? ", "!!int "}).Draw(t, "piece")
			data = append(data[:at:at], append([]byte(piece), data[at:]...)...)
		}
		checkEdit(t, data)
	})
}

// checkEdit edits a file of any bytes, and checks the promise of the package by readings of its own.
func checkEdit(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, data []byte,
) {
	t.Helper()
	file := gitops.File{Path: "x.yaml", Data: bytes.Clone(data)}
	edit, err := manifest.Replicas(file, gitea, 54321)
	if err != nil {
		if _, ok := errors.AsType[*manifest.RefusedError](err); !ok {
			t.Fatalf("got %v, want a *manifest.RefusedError", err)
		}
		return
	}
	if !bytes.Equal(file.Data, data) {
		t.Fatalf("the given bytes were changed")
	}
	if edit.Old == edit.New {
		return
	}
	at := bytes.Index(edit.Data, []byte(edit.New))
	if want := append(append(bytes.Clone(edit.Data[:at]), edit.Old...), edit.Data[at+len(edit.New):]...); !bytes.Equal(want, data) {
		t.Fatalf("more than the value changed:\n%q\n%q", data, edit.Data)
	}
	if readable(data) && !hasReplicas(edit.Data, 54321) {
		t.Fatalf("nothing of the result has 54321 replicas:\n%q", edit.Data)
	}
}

// readable reports whether a file means something at all: a tag that contradicts what it stands on does not.
func readable(data []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document any
		if err := decoder.Decode(&document); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// hasReplicas reads a file as Kubernetes would and reports whether gitea has that many replicas.
func hasReplicas(data []byte, n int) bool {
	type object struct {
		Kind     string
		Metadata struct{ Name string }
		Spec     struct{ Replicas int }
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var o struct {
			object `yaml:",inline"`
			Items  []object
		}
		if err := decoder.Decode(&o); err != nil {
			if _, mistyped := errors.AsType[*yaml.TypeError](err); !mistyped {
				return false
			}
		}
		for _, o := range append(o.Items, o.object) {
			if o.Metadata.Name == "gitea" && o.Spec.Replicas == n {
				return true
			}
		}
	}
}

func FuzzReplicas(f *testing.F) {
	for _, file := range corpus(f) {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("54321")) {
			t.Skip("holds the number that the edit writes")
		}
		checkEdit(t, data)
	})
}

// BenchmarkReplicas edits the last object of a file of 1,000 lines.
func BenchmarkReplicas(b *testing.B) {
	var text strings.Builder
	for i := range 66 {
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-%d\n  namespace: rt\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: app-%d\n  template:\n    metadata:\n      labels: {app: app-%d}\n    spec: {}\n---\n", i, i, i)
	}
	text.WriteString("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: gitea\n  namespace: rt\nspec:\n  replicas: 3\n  template:\n    spec: {}\n")
	file := gitops.File{Path: "all.yaml", Data: []byte(text.String())}
	if lines := bytes.Count(file.Data, []byte("\n")); lines < 999 {
		b.Fatalf("%d lines", lines)
	}
	for b.Loop() {
		if _, err := manifest.Replicas(file, gitea, 5); err != nil {
			b.Fatal(err)
		}
	}
}
