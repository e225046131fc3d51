package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
)

const commit = "mutation createCommitOnBranch"

// scale is the change that scales gitea to 2.
func scale(head string) gitops.Change {
	return gitops.Change{
		Head: head, Headline: "gitea: scale to 2", Body: "Rt-Operation: op2.mac",
		Files: files("k8s/03-apps/gitea.yaml", "replicas: 2\n"),
	}
}

func TestCommit(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.push("prepare", map[string]file{"k8s/old é.yaml": {"100644", "x"}})
	tree, err := w.repo.Read(t.Context(), "k8s/03-apps", false)
	if err != nil {
		t.Fatal(err)
	}
	change := scale(tree.Head)
	change.Deleted = []string{"k8s/old é.yaml"}

	got, err := w.repo.Commit(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	want := gitops.Commit{
		SHA: w.head(), Message: "gitea: scale to 2\n\nRt-Operation: op2.mac", Author: "rt-bot", At: w.clock.now(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{query, commit}, w.operations()); diff != "" {
		t.Errorf("a scale is two requests (-want +got):\n%s", diff)
	}
	changed := w.git("", "-c", "core.quotePath=false", "diff", "--name-status", tree.Head, "main")
	if diff := cmp.Diff("M\tk8s/03-apps/gitea.yaml\nD\tk8s/old é.yaml", changed); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestCommitGoesWrong(t *testing.T) {
	t.Parallel()
	const no, yes = false, true
	tests := map[string]struct {
		fault    githubtest.Fault
		settings githubtest.Settings
		pushed   bool
		want     string
		made     bool
	}{
		"somebody else pushed":                   {pushed: yes, want: "moved"},
		"the connection is lost before":          {fault: githubtest.Fault{Kind: githubtest.Drop}, want: "unknown"},
		"the connection is lost after":           {fault: githubtest.Fault{Kind: githubtest.Drop, Done: yes}, want: "unknown", made: yes},
		"500 before":                             {fault: githubtest.Fault{Kind: githubtest.ServerError}, want: "unknown"},
		"500 after":                              {fault: githubtest.Fault{Kind: githubtest.ServerError, Done: yes}, want: "unknown", made: yes},
		"502 with a page after":                  {fault: githubtest.Fault{Kind: githubtest.BadGateway, Done: yes}, want: "unknown", made: yes},
		"half an answer":                         {fault: githubtest.Fault{Kind: githubtest.TruncatedJSON}, want: "unknown", made: yes},
		"a proxy's page":                         {fault: githubtest.Fault{Kind: githubtest.HTML}, want: "unknown"},
		"too slow":                               {fault: githubtest.Fault{Kind: githubtest.Slow, Wait: time.Minute}, want: "unknown", made: yes},
		"the token ended":                        {fault: githubtest.Fault{Kind: githubtest.BadCredentials}, want: "bad-token"},
		"a secondary limit":                      {fault: githubtest.Fault{Kind: githubtest.SecondaryLimit, Wait: time.Minute}, want: "rate-limited"},
		"the hourly limit":                       {fault: githubtest.Fault{Kind: githubtest.PrimaryLimit, Wait: time.Minute}, want: "rate-limited"},
		"an archived repository":                 {settings: githubtest.Settings{Archived: yes}, want: "archived"},
		"a branch that wants pull requests":      {settings: githubtest.Settings{PullRequests: yes}, want: "protected"},
		"a slow answer that comes in time is ok": {fault: githubtest.Fault{Kind: githubtest.Slow, Wait: time.Millisecond}, want: "done", made: yes},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{change: func(c *github.Config) {
				if test.fault.Wait == time.Minute && test.fault.Kind == githubtest.Slow {
					c.Timeout = 300 * time.Millisecond
				}
			}})
			before := w.head()
			if test.pushed {
				w.push("meanwhile", map[string]file{"other.yaml": {"100644", "x"}})
			}
			w.Set(test.settings)
			if test.fault.Kind != "" {
				test.fault.Operation = commit
				w.Fault(test.fault)
			}
			_, err := w.repo.Commit(t.Context(), scale(before))
			if outcome(err) != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the token is in the error: %v", err)
			}
			made := strings.Contains(w.git("", "log", "--format=%B", "main"), "op2.mac")
			if made != test.made {
				t.Errorf("commit made: %t", made)
			}
			if calls := w.operations(); len(calls) != 1 {
				t.Errorf("requests: %v", calls)
			}
			w.clock.advance(2 * time.Minute)
			w.ClearFaults()
			_, found, err := w.repo.FindTrailer(t.Context(), before, "Rt-Operation", "op2.mac")
			if err != nil || found != test.made {
				t.Errorf("its trailer is found: %t, %v", found, err)
			}
		})
	}
}

func TestCommitOutOfReach(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	change := scale(strings.Repeat("1", 40))
	tests := map[string]func(*github.Config){
		"nobody listens": func(*github.Config) {},
		"there is no token": func(c *github.Config) {
			c.Token = func(context.Context) (string, error) { return "", errors.New("no file") }
		},
		"the token is empty": func(c *github.Config) {
			c.Token = func(context.Context) (string, error) { return " \n", nil }
		},
	}
	for name, change2 := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo := client(t, "http://127.0.0.1:1", c, change2)
			if _, err := repo.Commit(t.Context(), change); outcome(err) != "unreachable" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCommitIsCheckedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	head := w.head()
	tests := map[string]func(*gitops.Change){
		"no head":              func(c *gitops.Change) { c.Head = "" },
		"a branch as head":     func(c *gitops.Change) { c.Head = "main" },
		"nothing to change":    func(c *gitops.Change) { c.Files = nil },
		"no headline":          func(c *gitops.Change) { c.Headline = " " },
		"a headline of two":    func(c *gitops.Change) { c.Headline = "a\n\nRt-Operation: forged" },
		"a path that climbs":   func(c *gitops.Change) { c.Files[0].Path = "k8s/../../x" },
		"an absolute path":     func(c *gitops.Change) { c.Files[0].Path = "/x" },
		"Git's own folder":     func(c *gitops.Change) { c.Deleted = []string{".Git/config"} },
		"a path with a zero":   func(c *gitops.Change) { c.Files[0].Path = "a\x00b" },
		"written and deleted":  func(c *gitops.Change) { c.Deleted = []string{c.Files[0].Path} },
		"a path that is empty": func(c *gitops.Change) { c.Deleted = []string{""} },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := scale(head)
			spoil(&change)
			if _, err := w.repo.Commit(t.Context(), change); outcome(err) != "invalid" {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if calls := w.Calls(); len(calls) != 0 {
			t.Errorf("requests: %v", calls)
		}
	})
}

func TestTokenIsAskedForAgainAfterA401(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := 0
	w := start(t, options{change: func(c *github.Config) {
		c.Token = func(context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			if asked == 1 {
				return "ended", nil
			}
			return secret, nil
		}
	}})
	if _, err := w.repo.Commit(t.Context(), scale(w.head())); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, c := range w.Calls() {
		got = append(got, c.Status)
	}
	if diff := cmp.Diff([]int{http.StatusUnauthorized, http.StatusOK}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

// TestManyWriters lets several writers and somebody who pushes race for the branch: each change is there once.
func TestManyWriters(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	const writers, changes, pushes = 4, 4, 5
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			for m := range changes {
				writeUntilDone(t, w, fmt.Sprintf("w%d-%d", n, m))
			}
		})
	}
	for range pushes {
		w.pushEmpty()
	}
	group.Wait()
	if got := w.git("", "rev-list", "--count", "main"); got != strconv.Itoa(1+writers*changes+pushes) {
		t.Errorf("%s commits in all", got)
	}
	log := w.git("", "log", "--format=%(trailers:key=Rt-Operation,valueonly)", "main")
	if got := len(strings.Fields(log)); got != writers*changes {
		t.Errorf("%d commits, want %d", got, writers*changes)
	}
	for n := range writers {
		if got, want := w.git("", "show", fmt.Sprintf("main:w%d.yaml", n)), fmt.Sprintf("w%d-%d", n, changes-1); got != want {
			t.Errorf("writer %d left %q, want %q", n, got, want)
		}
	}
	w.git("", "fsck", "--strict")
}

// pushEmpty moves the branch as a push does, as often as it takes.
func (w *world) pushEmpty() {
	w.t.Helper()
	for {
		old := w.head()
		made := w.git("", "-c", "user.name=dave", "-c", "user.email=dave@example.org",
			"commit-tree", "-p", old, "-m", "meanwhile", old+"^{tree}")
		move := exec.CommandContext(w.t.Context(), "git", "--git-dir="+w.gitDir, "update-ref", "refs/heads/main", made, old)
		if move.Run() == nil {
			return
		}
	}
}

func writeUntilDone(t *testing.T, w *world, id string) {
	t.Helper()
	path, _, _ := strings.Cut(id, "-")
	for {
		tree, err := w.repo.Read(t.Context(), "k8s/03-apps", false)
		if err != nil {
			t.Error(err)
			return
		}
		_, err = w.repo.Commit(t.Context(), gitops.Change{
			Head: tree.Head, Headline: "write " + id, Body: "Rt-Operation: " + id, Files: files(path+".yaml", id),
		})
		if err == nil {
			return
		}
		if !errors.Is(err, gitops.ErrMoved) {
			t.Error(err)
			return
		}
	}
}
