package github_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/gitops/github"
)

const (
	query  = "query repository"
	branch = "GET /branches/{branch}"
	trees  = "GET /git/trees/{sha}"
	blobs  = "GET /git/blobs/{sha}"
)

func TestRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a: b\n", 512_000/5+100)
	tests := map[string]struct {
		files      map[string]file
		folder     string
		recurse    bool
		textLimit  int
		want       []gitops.File
		unread     []gitops.Unread
		operations []string
	}{
		"one request gives a folder with its text": {
			files: map[string]file{
				"apps/b.yml": {"100644", "b: 1\n"}, "apps/a.yaml": {"100644", "a: 1\r\n"}, "apps/c.json": {"100644", "{}"},
				"apps/README.md": {"100644", "no"}, "apps/sub/d.yaml": {"100644", "d"},
			},
			folder: "apps", want: files("apps/a.yaml", "a: 1\r\n", "apps/b.yml", "b: 1\n", "apps/c.json", "{}"),
			operations: []string{query},
		},
		"every byte is kept": {
			files: map[string]file{
				"apps/bom.yaml": {"100644", "\uFEFFa: 1"}, "apps/empty.yaml": {"100644", ""},
				"apps/été 日本.yaml": {"100644", "name: \u202E\n\n\n"},
			},
			folder: "/apps/", want: files("apps/bom.yaml", "\uFEFFa: 1", "apps/empty.yaml", "", "apps/été 日本.yaml", "name: \u202E\n\n\n"),
			operations: []string{query},
		},
		"the root, with its subfolders": {
			files:  map[string]file{"a.yaml": {"100644", "a"}, "x/y/b.yaml": {"100644", "b"}},
			folder: ".", recurse: true, want: files("a.yaml", "a", "k8s/03-apps/gitea.yaml", "replicas: 1\n", "x/y/b.yaml", "b"),
			operations: []string{query, trees, blobs, blobs},
		},
		"without subfolders there is nothing to descend into": {
			files:  map[string]file{"apps/a.yaml": {"100644", "a"}},
			folder: "apps", recurse: true, want: files("apps/a.yaml", "a"), operations: []string{query},
		},
		"what cannot be edited is named": {
			files: map[string]file{
				"apps/a.yaml": {"100644", "a"}, "apps/link.yaml": {"120000", "a.yaml"}, "apps/link": {"120000", "a.yaml"},
				"apps/run.yaml": {"100755", "a"}, "apps/nul.yaml": {"100644", "a\x00b"},
				"apps/sub": {"160000", strings.Repeat("1", 40)}, "apps/big.yaml": {"100644", strings.Repeat("x", gitops.MaxFile+1)},
			},
			folder: "apps", want: files("apps/a.yaml", "a"),
			unread: []gitops.Unread{
				{Path: "apps/big.yaml", Reason: gitops.TooLarge},
				{Path: "apps/link.yaml", Reason: gitops.Symlink},
				{Path: "apps/nul.yaml", Reason: gitops.Binary},
				{Path: "apps/run.yaml", Reason: gitops.OddMode},
				{Path: "apps/sub", Reason: gitops.Submodule},
			},
			operations: []string{query},
		},
		"text that the query changed is read again, and is no text": {
			files:  map[string]file{"apps/a.yaml": {"100644", "caf\xe9"}},
			folder: "apps", unread: []gitops.Unread{{Path: "apps/a.yaml", Reason: gitops.Binary}},
			operations: []string{query, blobs},
		},
		"a file that the query cuts is read whole": {
			files:  map[string]file{"apps/long.yaml": {"100644", long}, "apps/a.yaml": {"100644", "a"}},
			folder: "apps", want: files("apps/a.yaml", "a", "apps/long.yaml", long), operations: []string{query, blobs},
		},
		"a folder that is too much for a query is read object by object": {
			files: map[string]file{
				"deep/apps/a.yaml": {"100644", "a"}, "deep/apps/b.yaml": {"100644", "b"}, "deep/apps/c.txt": {"100644", "c"},
			},
			folder: "deep/apps", textLimit: 2, want: files("deep/apps/a.yaml", "a", "deep/apps/b.yaml", "b"),
			operations: []string{query, branch, trees, trees, trees, blobs, blobs},
		},
		"the root object by object, with subfolders": {
			files: map[string]file{
				"a.yaml": {"100644", "a"}, "b.yaml": {"100644", "b"}, "c/d.yaml": {"100644", "d"},
			},
			recurse: true, textLimit: 1,
			want:       files("a.yaml", "a", "b.yaml", "b", "c/d.yaml", "d", "k8s/03-apps/gitea.yaml", "replicas: 1\n"),
			operations: []string{query, branch, trees, trees, blobs, blobs, blobs, blobs},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{textLimit: test.textLimit})
			head := w.push("prepare", test.files)
			got, err := w.repo.Read(t.Context(), test.folder, test.recurse)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(gitops.Tree{Head: head, Files: test.want, Unread: test.unread}, got); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.operations, w.operations()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// files makes a list of files from paths and texts.
func files(pairs ...string) []gitops.File {
	var list []gitops.File
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, gitops.File{Path: pair[0], Data: []byte(pair[1])})
	}
	return list
}

func TestReadRefusals(t *testing.T) {
	t.Parallel()
	many := map[string]file{}
	for n := range 1_001 {
		many[fmt.Sprintf("many/%d.yaml", n)] = file{"100644", strconv.Itoa(n)}
	}
	w := start(t, options{treeLimit: 5, textLimit: 2_000})
	w.push("prepare", many)
	tests := map[string]struct {
		folder  string
		recurse bool
		want    string
	}{
		"a folder that is not there":       {"nope", false, "not-found"},
		"a file is no folder":              {"README.md", false, "not-found"},
		"a folder above":                   {"../x", false, "invalid"},
		"Git's own folder":                 {"a/.git", false, "invalid"},
		"more files than one Read takes":   {"many", false, "invalid"},
		"more files than GitHub will list": {"", true, "invalid"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := w.repo.Read(t.Context(), test.folder, test.recurse); outcome(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	other := client(t, w.url, w.clock, func(c *github.Config) { c.Branch = "other" })
	if _, err := other.Read(t.Context(), "k8s", false); outcome(err) != "not-found" {
		t.Errorf("a branch that is not there: %v", err)
	}
}

// after does something once, when so many answers have come.
type after struct {
	next    http.RoundTripper
	answers atomic.Int32
	do      func()
}

func (a *after) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(req)
	if a.answers.Add(-1) == 0 {
		a.do()
	}
	return resp, err
}

func TestReadIsOfOneCommit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a: b\n", 512_000/5+1)
	tests := map[string]struct {
		textLimit int
		answers   int32
	}{
		"somebody pushes after the query":                     {textLimit: 0, answers: 1},
		"somebody pushes after the head is known, without it": {textLimit: 1, answers: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w *world
			w = start(t, options{textLimit: test.textLimit, change: func(c *github.Config) {
				a := &after{next: c.Transport, do: func() {
					w.push("meanwhile", map[string]file{"apps/long.yaml": {"100644", "new"}, "apps/sub/b.yaml": {"100644", "new"}})
				}}
				a.answers.Store(test.answers)
				c.Transport = a
			}})
			old := w.push("prepare", map[string]file{
				"apps/long.yaml": {"100644", long}, "apps/sub/b.yaml": {"100644", "b"}, "apps/x.txt": {"100644", "x"},
			})
			got, err := w.repo.Read(t.Context(), "apps", true)
			if err != nil {
				t.Fatal(err)
			}
			want := gitops.Tree{Head: old, Files: files("apps/long.yaml", long, "apps/sub/b.yaml", "b")}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if w.head() == old {
				t.Error("nobody pushed")
			}
		})
	}
}
