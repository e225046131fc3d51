package github_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindTrailer(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	first := w.push("old\n\nRt-Operation: old.mac", map[string]file{"a": {"100644", "1"}})
	mine := w.push("scale\n\nbecause\n\nRt-Operation: op.mac\nRequested-by: alice", map[string]file{"a": {"100644", "2"}})
	w.push("talk\n\nRt-Operation: forged.mac\n\nthat was it", map[string]file{"a": {"100644", "3"}})
	w.push("talk: Rt-Operation: forged.mac", map[string]file{"a": {"100644", "4"}})
	tests := map[string]struct {
		since, key, value string
		want              string
		found             bool
	}{
		"it is there":                             {first, "Rt-Operation", "op.mac", mine, true},
		"another trailer of the same commit":      {first, "Requested-by", "alice", mine, true},
		"only the beginning of it":                {first, "Rt-Operation", "op", "", false},
		"another case":                            {first, "rt-operation", "op.mac", "", false},
		"the commit to start from does not count": {first, "Rt-Operation", "old.mac", "", false},
		"nothing came after":                      {mine, "Rt-Operation", "op.mac", "", false},
		"text that looks like it":                 {first, "Rt-Operation", "forged.mac", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, found, err := w.repo.FindTrailer(t.Context(), test.since, test.key, test.value)
			if err != nil || found != test.found || got.SHA != test.want {
				t.Errorf("got %v %t %v", got, found, err)
			}
			if found && (got.Author != "dave" || !got.At.Equal(w.clock.now())) {
				t.Errorf("got %v", got)
			}
		})
	}
	if _, _, err := w.repo.FindTrailer(t.Context(), strings.Repeat("1", 40), "K", "v"); outcome(err) != "not-found" {
		t.Errorf("a commit that is not there: %v", err)
	}
	if _, _, err := w.repo.FindTrailer(t.Context(), "main", "K", "v"); outcome(err) != "invalid" {
		t.Errorf("a branch instead of a commit: %v", err)
	}
}

func TestFindTrailerInALongHistory(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	first := w.head()
	add := func(n int, message string) {
		var in strings.Builder
		for i := range n {
			text := fmt.Sprintf(message, i)
			fmt.Fprintf(&in, "commit refs/heads/main\ncommitter dave <d@example.org> 1800000000 +0000\ndata %d\n%s\n", len(text), text)
			if i == 0 {
				fmt.Fprint(&in, "from refs/heads/main^0\n")
			}
			fmt.Fprintf(&in, "M 100644 inline f\ndata 0\n\n")
		}
		w.git(in.String(), "fast-import", "--quiet")
	}
	add(250, "talk %d")
	w.push("scale\n\nRt-Operation: op.mac", map[string]file{"a": {"100644", "2"}})
	if _, found, err := w.repo.FindTrailer(t.Context(), first, "Rt-Operation", "op.mac"); err != nil || !found {
		t.Errorf("on the third page: %t %v", found, err)
	}
	if _, found, err := w.repo.FindTrailer(t.Context(), first, "Rt-Operation", "no.mac"); err != nil || found {
		t.Errorf("not there: %t %v", found, err)
	}
	add(250, "more talk %d")
	if _, _, err := w.repo.FindTrailer(t.Context(), first, "Rt-Operation", "no.mac"); err == nil {
		t.Error("501 commits were not looked through, and nobody said so")
	}
}

// fork puts a commit on the repository that is not on the branch, and gives its name.
func (w *world) fork(from, path string) string {
	w.t.Helper()
	in := "commit refs/heads/fork\ncommitter dave <d@example.org> 1800000000 +0000\ndata 4\nfork\nfrom " + from +
		"\nM 100644 inline " + path + "\ndata 1\nx\n"
	w.git(in, "fast-import", "--quiet", "--force")
	return w.git("", "rev-parse", "fork")
}

func TestContainsAndChanged(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	one := w.push("one", map[string]file{"a.yaml": {"100644", "long enough to be found again\n"}, "b.yaml": {"100644", "b"}})
	two := w.push("two", map[string]file{
		"a.yaml": {}, "moved é.yaml": {"100644", "long enough to be found again\n"}, "c.yaml": {"100644", "c"},
	})
	side := w.fork(one, "side.yaml")
	nowhere := strings.Repeat("1", 40)
	tests := map[string]struct {
		from, to string
		contains bool
		changed  []string
	}{
		"an ancestor, with a file renamed": {one, two, true, []string{"a.yaml", "c.yaml", "moved é.yaml"}},
		"the other way round":              {two, one, false, []string{"a.yaml", "c.yaml", "moved é.yaml"}},
		"the commit itself":                {two, two, true, nil},
		"commits beside each other":        {side, two, false, []string{"a.yaml", "c.yaml", "moved é.yaml", "side.yaml"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			contains, err := w.repo.Contains(t.Context(), test.to, test.from)
			if err != nil || contains != test.contains {
				t.Errorf("contains: %t %v", contains, err)
			}
			changed, err := w.repo.Changed(t.Context(), test.from, test.to)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.changed, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := w.repo.Contains(t.Context(), two, nowhere); outcome(err) != "not-found" {
		t.Errorf("a commit that is not there: %v", err)
	}
	if _, err := w.repo.Changed(t.Context(), one, "main...x"); outcome(err) != "invalid" {
		t.Errorf("what is no commit: %v", err)
	}
	many := map[string]file{}
	for n := range 301 {
		many[fmt.Sprintf("many/%d", n)] = file{"100644", strconv.Itoa(n)}
	}
	if _, err := w.repo.Changed(t.Context(), two, w.push("many", many)); err == nil {
		t.Error("GitHub cut the list, and nobody said so")
	}
}
