package githubtest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops/github/githubtest"
)

const (
	writer = "writer-token"
	reader = "reader-token"
	blind  = "blind-token"
	meta   = "meta-token"
	app    = "app-token"
)

// lab is a server with its repository.
type lab struct {
	*githubtest.Server
	t      *testing.T
	gitDir string
	url    string
}

func start(t *testing.T, change func(*githubtest.Config)) *lab {
	t.Helper()
	gitDir := filepath.Join(t.TempDir(), "forge.git")
	files := map[string]string{
		"README.md":               "# forge\n",
		"k8s/03-apps/gitea.yaml":  "replicas: 1\n",
		"k8s/03-apps/été é.yaml":  "name: été\n",
		"k8s/02-database/pg.yaml": "replicas: 1\n",
	}
	if err := githubtest.Create(t.Context(), gitDir, "main", files, time.Now()); err != nil {
		t.Fatal(err)
	}
	config := githubtest.Config{
		GitDir: gitDir, Owner: "org", Name: "forge", Branch: "main", Now: time.Now, Admin: true,
		Tokens: map[string]githubtest.Token{
			writer: {Login: "rt-bot", Permissions: map[string]string{"contents": "write", "metadata": "read"}},
			reader: {Login: "carol", Permissions: map[string]string{"contents": "read", "metadata": "read"}},
			meta:   {Login: "mallory", Permissions: map[string]string{"metadata": "read"}},
			app:    {Login: "rt[bot]", App: true, Permissions: map[string]string{"metadata": "read"}},
			blind:  {Login: "eve"},
		},
	}
	if change != nil {
		change(&config)
	}
	s, err := githubtest.New(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return &lab{Server: s, t: t, gitDir: gitDir, url: web.URL}
}

// git runs Git in a folder and gives what it prints.
func (l *lab) git(dir string, args ...string) string {
	l.t.Helper()
	cmd := exec.CommandContext(l.t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=dave", "GIT_AUTHOR_EMAIL=dave@example.org",
		"GIT_COMMITTER_NAME=dave", "GIT_COMMITTER_EMAIL=dave@example.org")
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("git %s: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (l *lab) head() string { l.t.Helper(); return l.git(l.gitDir, "rev-parse", "main") }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (l *lab) do(method, path, token, body string, headers ...string) answer {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if bytes.HasPrefix(text, []byte("{")) {
		if err := json.Unmarshal(text, &a.body); err != nil {
			l.t.Fatal(err)
		}
	}
	return a
}

func (l *lab) graphql(token, query string, variables map[string]any) answer {
	l.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.do("POST", "/graphql", token, string(body))
}

const mutation = `mutation($input: CreateCommitOnBranchInput!) {
	createCommitOnBranch(input: $input) { commit { oid url } ref { name target { oid } } }
}`

func commitInput(head, path, text string) map[string]any {
	return map[string]any{"input": map[string]any{
		"branch":          map[string]any{"repositoryNameWithOwner": "org/forge", "branchName": "main"},
		"expectedHeadOid": head,
		"message":         map[string]any{"headline": "scale gitea to 2", "body": "why not\n\nRt-Operation: x.y"},
		"fileChanges": map[string]any{
			"additions": []any{map[string]any{"path": path, "contents": base64.StdEncoding.EncodeToString([]byte(text))}},
			"deletions": []any{map[string]any{"path": "k8s/02-database/pg.yaml"}},
		},
	}}
}

func TestCommitIsSeenByGit(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	before := l.head()

	got := l.graphql(writer, mutation, commitInput(before, "k8s/03-apps/gitea.yaml", "replicas: 2\n"))

	if got.body["errors"] != nil {
		t.Fatalf("errors: %v", got.body["errors"])
	}
	work := filepath.Join(t.TempDir(), "work")
	l.git(t.TempDir(), "clone", "--quiet", l.gitDir, work)
	text, err := os.ReadFile(filepath.Join(work, "k8s/03-apps/gitea.yaml"))
	if diff := cmp.Diff("replicas: 2\n", string(text)); err != nil || diff != "" {
		t.Errorf("file (%v): %s", err, diff)
	}
	want := strings.Join([]string{
		before, "rt-bot <rt-bot@users.noreply.github.com>", "GitHub <noreply@github.com>",
		"scale gitea to 2", "", "why not", "", "Rt-Operation: x.y",
	}, "\n")
	if diff := cmp.Diff(want, l.git(work, "log", "-1", "--format=%P%n%an <%ae>%n%cn <%ce>%n%B")); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("D\tk8s/02-database/pg.yaml\nM\tk8s/03-apps/gitea.yaml", l.git(work, "diff", "--name-status", "HEAD^")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	l.git(work, "fsck", "--strict")
}

func TestPushIsSeenByTheAPI(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	work := filepath.Join(t.TempDir(), "work")
	l.git(t.TempDir(), "clone", "--quiet", l.gitDir, work)
	if err := os.WriteFile(filepath.Join(work, "new.yaml"), []byte("a: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.git(work, "add", "new.yaml")
	l.git(work, "commit", "--quiet", "-m", "add new")
	stale := l.head()
	l.git(work, "push", "--quiet", "origin", "main")

	got := l.do("GET", "/repos/org/forge/contents/new.yaml?ref=main", reader, "", "Accept", "application/vnd.github.raw+json")

	if got.text != "a: 1\n" {
		t.Errorf("content: %q", got.text)
	}
	refused := l.graphql(writer, mutation, commitInput(stale, "x.yaml", "x"))
	want := map[string]any{
		"data": map[string]any{"createCommitOnBranch": nil},
		"errors": []any{map[string]any{
			"type": "STALE_DATA", "path": []any{"createCommitOnBranch"},
			"message": `Expected branch to point to "` + stale + `" but it did not.  Pull and try again.`,
		}},
	}
	if diff := cmp.Diff(want, refused.body); refused.status != 200 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", refused.status, diff)
	}
}
