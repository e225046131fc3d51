package github_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
)

const secret = "ghs_theSecretOfTheBot"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a repository, GitHub in front of it, and the client.
type world struct {
	*githubtest.Server
	t      *testing.T
	gitDir string
	url    string
	repo   *github.Repository
	clock  *clock
}

// clock is the time that the test says it is.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// options change how a world is made.
type options struct {
	files     map[string]string
	token     githubtest.Token
	textLimit int
	treeLimit int
	change    func(*github.Config)
}

func start(t *testing.T, o options) *world {
	t.Helper()
	w := &world{t: t, gitDir: filepath.Join(t.TempDir(), "forge.git"), clock: &clock{at: time.Unix(1_800_000_000, 0).UTC()}}
	if o.files == nil {
		o.files = map[string]string{"k8s/03-apps/gitea.yaml": "replicas: 1\n", "README.md": "# forge\n"}
	}
	if o.token.Login == "" {
		o.token = githubtest.Token{Login: "rt-bot", Permissions: map[string]string{"contents": "write", "metadata": "read"}}
	}
	if err := githubtest.Create(t.Context(), w.gitDir, "main", o.files, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	var err error
	w.Server, err = githubtest.New(githubtest.Config{
		GitDir: w.gitDir, Owner: "org", Name: "forge", Branch: "main", Now: w.clock.now,
		TextLimit: o.textLimit, TreeLimit: o.treeLimit,
		Tokens: map[string]githubtest.Token{secret: o.token},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(w.Server)
	t.Cleanup(web.Close)
	w.url = web.URL
	w.repo = client(t, web.URL, w.clock, o.change)
	return w
}

// client makes a client of whatever answers at the address.
func client(t *testing.T, url string, c *clock, change func(*github.Config)) *github.Repository {
	t.Helper()
	carrier := &http.Transport{}
	t.Cleanup(carrier.CloseIdleConnections)
	config := github.Config{
		Repository: "org/forge", Branch: "main", APIURL: url, Transport: carrier, Now: c.now,
		Token: func(context.Context) (string, error) { return secret + "\n", nil },
	}
	if change != nil {
		change(&config)
	}
	repo, err := github.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// git runs Git on the repository and gives what it prints.
func (w *world) git(in string, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), "git", append([]string{"--git-dir=" + w.gitDir}, args...)...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *world) head() string { w.t.Helper(); return w.git("", "rev-parse", "main") }

// file is a change of a file that somebody else makes; no data means that it is deleted.
type file struct{ mode, data string }

// push puts a commit of somebody else on the branch.
func (w *world) push(message string, files map[string]file) string {
	w.t.Helper()
	var in strings.Builder
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter dave <dave@example.org> %d +0000\n", w.clock.now().Unix())
	fmt.Fprintf(&in, "data %d\n%s\nfrom refs/heads/main^0\n", len(message), message)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := files[path]
		switch f.mode {
		case "":
			fmt.Fprintf(&in, "D %q\n", path)
		case "160000":
			fmt.Fprintf(&in, "M 160000 %s %q\n", f.data, path)
		default:
			fmt.Fprintf(&in, "M %s inline %q\ndata %d\n%s\n", f.mode, path, len(f.data), f.data)
		}
	}
	w.git(in.String(), "fast-import", "--quiet")
	return w.head()
}

// operations are the requests that were made, in order.
func (w *world) operations() []string {
	var list []string
	for _, c := range w.Calls() {
		list = append(list, strings.ReplaceAll(c.Operation, "/repos/{owner}/{repo}", ""))
	}
	return list
}

// outcome names what an error means to callers.
func outcome(err error) string {
	if refused, ok := errors.AsType[*gitops.RefusedError](err); ok {
		return string(refused.Code)
	}
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, gitops.ErrMoved):
		return "moved"
	case errors.Is(err, gitops.ErrOutcomeUnknown):
		return "unknown"
	case errors.Is(err, gitops.ErrUnreachable):
		return "unreachable"
	default:
		return err.Error()
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("ab", 20)
	tests := map[string]struct {
		repository, branch, api string
		page                    string
		problem                 string
	}{
		"github.com":           {"org/forge", "main", "", "https://github.com/org/forge/commit/" + sha, ""},
		"an Enterprise Server": {"org/forge", "main", "https://git.example.org/api/v3", "https://git.example.org/org/forge/commit/" + sha, ""},
		"a host of its own":    {"org/forge", "main", "https://api.acme.ghe.com/", "https://acme.ghe.com/org/forge/commit/" + sha, ""},
		"the lab":              {"org/forge", "main", "http://127.0.0.1:3000", "http://127.0.0.1:3000/org/forge/commit/" + sha, ""},
		"a branch with a slash": {
			"org/forge", "env/prod", "", "https://github.com/org/forge/commit/" + sha, "",
		},
		"no owner":               {"forge", "main", "", "", `"forge" is not a repository: write owner/name`},
		"an address":             {"https://github.com/org/forge", "main", "", "", `"https://github.com/org/forge" is not a repository: write owner/name`},
		"a path":                 {"org/..", "main", "", "", `"org/.." is not a repository: write owner/name`},
		"no branch":              {"org/forge", "", "", "", `"" is not the name of a branch`},
		"an option":              {"org/forge", "--force", "", "", `"--force" is not the name of a branch`},
		"a branch that climbs":   {"org/forge", "a/../b", "", "", `"a/../b" is not the name of a branch`},
		"an API without a host":  {"org/forge", "main", "git.example.org", "", `"git.example.org" is not the address of an API`},
		"an API with a password": {"org/forge", "main", "https://u:p@git.example.org", "", `"git.example.org" is not the address of an API`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repo, err := github.New(github.Config{
				Repository: test.repository, Branch: test.branch, APIURL: test.api, Now: time.Now,
				Token: func(context.Context) (string, error) { return secret, nil },
			})
			if test.problem != "" {
				if err == nil || err.Error() != test.problem {
					t.Fatalf("got %v, want %s", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.page, repo.CommitURL(sha)); diff != "" {
				t.Errorf("page (-want +got):\n%s", diff)
			}
			base := strings.TrimSuffix(test.page, "/commit/"+sha)
			if got, want := repo.FileURL("k8s/a b.yaml", 7), base+"/blob/"+test.branch+"/k8s/a%20b.yaml#L7"; got != want {
				t.Errorf("page of a file: got %s, want %s", got, want)
			}
			if got, want := repo.SecretsURL(), base+"/settings/secrets/actions"; got != want {
				t.Errorf("page of the secrets: got %s, want %s", got, want)
			}
			if got := repo.CommitURL("../../settings"); got != "" {
				t.Errorf("page of what is no commit: %s", got)
			}
		})
	}
	if _, err := github.New(github.Config{Repository: "org/forge", Branch: "main"}); err == nil {
		t.Error("no token and no clock were taken")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	token := func(permissions ...string) githubtest.Token {
		t := githubtest.Token{Login: "rt-bot", Permissions: map[string]string{"metadata": "read"}}
		for i := 0; i < len(permissions); i += 2 {
			t.Permissions[permissions[i]] = permissions[i+1]
		}
		return t
	}
	tests := map[string]struct {
		token    githubtest.Token
		settings githubtest.Settings
		want     github.Access
		outcome  string
	}{
		"what it needs": {token: token("contents", "write"), want: github.Access{Push: true}, outcome: "done"},
		"only to read":  {token: token("contents", "read"), want: github.Access{}, outcome: "done"},
		"far too much": {
			token: token("contents", "write", "administration", "write"),
			want:  github.Access{Push: true, Admin: true}, outcome: "done",
		},
		"pull requests wanted": {
			token: token("contents", "write"), settings: githubtest.Settings{PullRequests: true},
			want: github.Access{Push: true, Protected: true, PullRequests: true}, outcome: "done",
		},
		"archived": {
			token: token("contents", "write"), settings: githubtest.Settings{Archived: true},
			want: github.Access{Push: true, Archived: true}, outcome: "done",
		},
		"no contents":    {token: token(), want: github.Access{}, outcome: "forbidden"},
		"nothing at all": {token: githubtest.Token{Login: "x"}, want: github.Access{}, outcome: "not-found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{token: test.token})
			w.Set(test.settings)
			got, err := w.repo.Check(t.Context())
			if outcome(err) != test.outcome {
				t.Fatalf("got %v, want %s", err, test.outcome)
			}
			if test.outcome == "done" {
				test.want.Head = w.head()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
