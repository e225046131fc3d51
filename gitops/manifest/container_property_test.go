package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

// TestOnlyTheResourcesChange edits workloads that are made by chance: what the file means differs in the values that were
// asked for, and no other line of it differs at all.
func TestOnlyTheResourcesChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file := gitops.File{Path: "x.yaml", Data: []byte(drawWorkload(t))}
		want := drawCompute(t)
		edit, err := manifest.Resources(file, gitea, "", want)
		if err != nil {
			t.Fatalf("%v:\n%q", err, file.Data)
		}
		checkResources(t, file.Data, edit, want)
	})
}

// TestContainersWithADamagedByte damages workloads by chance: the edit is refused, or is of the asked values alone.
func TestContainersWithADamagedByte(t *testing.T) {
	t.Parallel()
	files := containers(t)
	rapid.Check(t, func(t *rapid.T) {
		data := bytes.Clone(rapid.SampledFrom(files).Draw(t, "file").Data)
		for range rapid.IntRange(0, 3).Draw(t, "times") {
			at := rapid.IntRange(0, len(data)).Draw(t, "at")
			piece := rapid.SampledFrom([]string{"\n", "\r", "\t", " ", "#", "'", "\"", "&a ", "*a", "{", "}", "3", "---\n", "\ufeff", "é", "\u2028", "|\n", "? ", "!!int ", "- ", ": "}).Draw(t, "piece")
			data = append(data[:at:at], append([]byte(piece), data[at:]...)...)
		}
		checkContainer(t, data, drawCompute(t))
	})
}

// checkContainer makes both edits of a file of any bytes, and checks the promise of the package by readings of its own.
func checkContainer(t fataler, data []byte, want manifest.Compute) {
	t.Helper()
	file := gitops.File{Path: "x.yaml", Data: bytes.Clone(data)}
	if edit, err := manifest.Resources(file, gitea, "", want); err == nil {
		checkResources(t, data, edit, want)
	} else if _, ok := errors.AsType[*manifest.RefusedError](err); !ok {
		t.Fatalf("got %v, want a *manifest.RefusedError", err)
	}
	if edit, err := manifest.Image(file, gitea, "", manifest.Reference{Tag: "v7.8.9"}); err == nil {
		back := bytes.Replace(edit.Data, []byte(edit.New), []byte(edit.Old), 1)
		if !bytes.Equal(back, data) && edit.Old != edit.New {
			t.Fatalf("more than the image changed:\n%q\n%q", data, edit.Data)
		}
	} else if _, ok := errors.AsType[*manifest.RefusedError](err); !ok {
		t.Fatalf("got %v, want a *manifest.RefusedError", err)
	}
	if !bytes.Equal(file.Data, data) {
		t.Fatalf("the given bytes were changed")
	}
}

// fataler is a test of either kind.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkResources reads a file before and after as Kubernetes would.
func checkResources(t fataler, before []byte, edit manifest.ResourcesEdit, want manifest.Compute) {
	t.Helper()
	after := edit.Data
	if !keeps(string(before)+"\n", string(after)+"\n", edit.Old) && !stays(before, after, edit.Old) {
		t.Fatalf("another line changed:\n%q\n%q", before, after)
	}
	old, err := decode(before)
	if err != nil {
		return // it means nothing: a tag contradicts what it stands on, or a key stands twice
	}
	now, err := decode(after)
	if err != nil {
		t.Fatalf("the result does not parse: %v\n%q", err, after)
	}
	set(old, want)
	set(now, manifest.Compute{}) // writes what is there as text
	if diff := cmp.Diff(old, now); diff != "" {
		t.Fatalf("the result means something else (-want +got):\n%s\n%q\n%q", diff, before, after)
	}
}

// keeps reports whether each line that goes comes again, but for a value in it.
func keeps(before, after string, old manifest.Compute) bool {
	for _, e := range udiff.Lines(before, after) {
		if !stays([]byte(before[e.Start:e.End]), []byte(e.New), old) {
			return false
		}
	}
	return true
}

// stays reports whether all but the old values is there afterwards, in its order. Of a whole file it holds where two lines are
// alike and the difference takes one for the other.
func stays(before, after []byte, old manifest.Compute) bool {
	values := []string{old.CPU.Request, old.CPU.Limit, old.Memory.Request, old.Memory.Limit}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, v := range values {
		before = bytes.ReplaceAll(before, []byte(v), nil)
	}
	for _, b := range after {
		if len(before) > 0 && before[0] == b {
			before = before[1:]
		}
	}
	return len(before) == 0
}

func decode(data []byte) ([]map[string]any, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var all []map[string]any
	for {
		var d map[string]any
		err := decoder.Decode(&d)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if _, err := json.Marshal(d); err != nil {
			return nil, err // a key that is no text, which the API server does not take
		}
		all = append(all, d)
	}
}

// set changes the resources of gitea's container in what was decoded, and makes text of them.
func set(documents []map[string]any, want manifest.Compute) {
	for _, d := range documents {
		items, _ := d["items"].([]any)
		for _, o := range append(items, d) {
			if o, ok := o.(map[string]any); ok && dig(o, "metadata")["name"] == "gitea" && o["kind"] == "Deployment" {
				setContainer(o, want)
			}
		}
	}
}

func setContainer(object map[string]any, want manifest.Compute) {
	list, _ := dig(object, "spec", "template", "spec")["containers"].([]any)
	for _, c := range list {
		c, ok := c.(map[string]any)
		if !ok || (len(list) > 1 && c["name"] != "gitea") {
			continue
		}
		for path, value := range map[[2]string]string{
			{"requests", "cpu"}: want.CPU.Request, {"limits", "cpu"}: want.CPU.Limit,
			{"requests", "memory"}: want.Memory.Request, {"limits", "memory"}: want.Memory.Limit,
		} {
			side := dig(c, "resources", path[0])
			if value != "" && side == nil {
				side = map[string]any{}
				if dig(c, "resources") == nil {
					c["resources"] = map[string]any{}
				}
				dig(c, "resources")[path[0]] = side
			}
			if value != "" {
				side[path[1]] = value
			} else if side[path[1]] != nil {
				side[path[1]] = fmt.Sprint(side[path[1]])
			}
		}
	}
}

func dig(m map[string]any, path ...string) map[string]any {
	for _, key := range path {
		m, _ = m[key].(map[string]any)
	}
	return m
}

func drawCompute(t *rapid.T) manifest.Compute {
	cpu := rapid.SampledFrom([]string{"", "2", "0.5", "1500m"})
	memory := rapid.SampledFrom([]string{"", "300Mi", "1Gi", "128974848"})
	return manifest.Compute{
		CPU:    manifest.Amount{Request: cpu.Draw(t, "cpu request"), Limit: cpu.Draw(t, "cpu limit")},
		Memory: manifest.Amount{Request: memory.Draw(t, "memory request"), Limit: memory.Draw(t, "memory limit")},
	}
}

// drawWorkload makes a file in which one Deployment, gitea, has a container in one of the ways that people write it.
func drawWorkload(t *rapid.T) string {
	step := strings.Repeat(" ", rapid.IntRange(1, 5).Draw(t, "indentation"))
	lines := []string{"name: " + rapid.SampledFrom([]string{"gitea", `"gitea"`, "gitea # the app"}).Draw(t, "name")}
	lines = append(lines, drawLines(t, "beside", []string{
		"image: gitea/gitea:1.22", "args: [web, --fast]", "# what it needs", "ports:\n" + step + "- containerPort: 3000\n" + step + "# and no other",
		"tty: true", "command:\n" + step + "- sh", "script: |\n" + step + "  if: then\n\n" + step + "  fi", "note: 'it''s: {3}'",
	})...)
	if r := drawResources(t, step); r != "" {
		lines = slices.Insert(lines, rapid.IntRange(1, len(lines)).Draw(t, "where"), r)
	}
	container := "- " + strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n  ")
	nest := func(key, below string) string { return key + ":\n" + step + strings.ReplaceAll(below, "\n", "\n"+step) }
	pod := nest("containers", container)
	if rapid.Bool().Draw(t, "a sidecar") {
		pod = nest("containers", container+"\n- name: proxy\n  image: envoy")
	}
	object := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gitea, namespace: rt}\n" +
		nest("spec", "replicas: 1\n"+nest("template", "metadata: {}\n"+nest("spec", pod+rapid.SampledFrom([]string{"", "\nvolumes: []", "\n# the end"}).Draw(t, "behind"))))
	text := rapid.SampledFrom([]string{"", "---\n", "# file\n", "kind: Service\nmetadata: {name: gitea}\n---\n"}).Draw(t, "start") + object +
		rapid.SampledFrom([]string{"", "\n", "\n...\n", "\n---\nkind: Secret\n", "\n\n"}).Draw(t, "end")
	if rapid.Bool().Draw(t, "windows") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "byte order mark") + text
}

// drawResources writes none, some or all of a container's resources, in block or flow style.
func drawResources(t *rapid.T, step string) string {
	side := func(label string) []string {
		return drawLines(t, label, []string{"cpu: 100m", "memory: 256Mi", "ephemeral-storage: 1Gi"})
	}
	requests, limits := side("requests"), side("limits")
	switch rapid.IntRange(0, 3).Draw(t, "resources") {
	case 0:
		return ""
	case 1:
		return rapid.SampledFrom([]string{"resources: {}", "resources:", "resources: # none"}).Draw(t, "empty")
	case 2:
		return "resources: {requests: {" + strings.Join(requests, ", ") + "}, limits: { " + strings.Join(limits, ", ") + " }} # both"
	}
	lines := []string{"resources:"}
	for _, s := range []struct {
		name  string
		lines []string
	}{{"requests", requests}, {"limits", limits}} {
		if len(s.lines) > 0 {
			lines = append(lines, step+s.name+":", step+step+strings.Join(s.lines, " # seen\n"+step+step))
		}
	}
	return strings.Join(lines, "\n")
}

func FuzzContainer(f *testing.F) {
	for _, file := range containers(f) {
		f.Add(file.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("v7.8.9")) {
			t.Skip("holds the tag that the edit writes")
		}
		checkContainer(t, data, wanted)
	})
}

// BenchmarkResources edits the last object of a file of 1,000 lines, and adds what is not there.
func BenchmarkResources(b *testing.B) {
	var text strings.Builder
	for i := range 62 {
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-%d\n  namespace: rt\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: app-%d\n  template:\n    metadata:\n      labels: {app: app-%d}\n    spec:\n      containers: []\n---\n", i, i, i)
	}
	text.WriteString("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: gitea\n  namespace: rt\nspec:\n  template:\n    spec:\n      containers:\n        - name: gitea\n          image: gitea/gitea:1.22\n")
	file := gitops.File{Path: "all.yaml", Data: []byte(text.String())}
	if lines := bytes.Count(file.Data, []byte("\n")); lines < 999 {
		b.Fatalf("%d lines", lines)
	}
	for b.Loop() {
		if _, err := manifest.Resources(file, gitea, "", wanted); err != nil {
			b.Fatal(err)
		}
	}
}
