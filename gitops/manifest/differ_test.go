package manifest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

func TestDifferencesAreNamedByTheirFields(t *testing.T) {
	t.Parallel()
	const object = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gitea}\nspec: %s\n"
	tests := []struct {
		name, before, after string
		want                []string
	}{
		{"nothing", "{replicas: 1}", "{replicas: 1} # one", nil},
		{"a number", "{replicas: 1}", "{replicas: 2}", []string{`spec.replicas "1" "2"`}},
		{"a key that comes", "{}", "{replicas: 2}", []string{`spec.replicas "" "2"`}},
		{"a part that goes", "{a: {b: [1, {c: d}]}}", "{}", []string{`spec.a "{\"b\":[1,{\"c\":\"d\"}]}" ""`}},
		{"an element by its name", "{c: [{name: x, image: a}, {name: y}]}", "{c: [{name: y}, {name: x, image: b}]}", []string{`spec.c[x].image "a" "b"`}},
		{"an element by its place", "{a: [web, fast]}", "{a: [web, slow, big]}", []string{`spec.a[1] "fast" "slow"`, `spec.a[2] "" "big"`}},
		{"two of one name", "{c: [{name: x}, {name: x}]}", "{c: [{name: x}]}", []string{`spec.c "[{\"name\":\"x\"},{\"name\":\"x\"}]" "[{\"name\":\"x\"}]"`}},
		{"another kind of value", "{a: 1}", "{a: {b: 1}}", []string{`spec.a "1" "{\"b\":1}"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := func(spec string) gitops.File {
				return gitops.File{Path: "x.yaml", Data: fmt.Appendf(nil, object, spec)}
			}
			var got []string
			for _, d := range manifest.DifferInFile(file(tt.before), file(tt.after), gitea) {
				got = append(got, fmt.Sprintf("%s %q %q", d.Field(), d.Before, d.After))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
