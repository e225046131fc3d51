package githubtest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops/github/githubtest"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	tests := map[string]struct {
		path, token string
		status      int
		message     string
	}{
		"a reader reads":                           {"/repos/org/forge/branches/main", reader, 200, ""},
		"names are compared whatever their case":   {"/repos/ORG/Forge", reader, 200, ""},
		"an unknown token":                         {"/repos/org/forge", "wrong", 401, "Bad credentials"},
		"no token sees no private repository":      {"/repos/org/forge", "", 404, "Not Found"},
		"a token without rights here sees nothing": {"/repos/org/forge", blind, 404, "Not Found"},
		"another repository":                       {"/repos/org/other", reader, 404, "Not Found"},
		"metadata is not contents": {
			"/repos/org/forge/contents/README.md", meta, 403, "Resource not accessible by personal access token",
		},
		"an installation is told so": {"/repos/org/forge/commits", app, 403, "Resource not accessible by integration"},
		"a path that is not there":   {"/repos/org/forge/contents/nope", reader, 404, "Not Found"},
		"a branch that is not there": {"/repos/org/forge/branches/nope", reader, 404, "Branch not found"},
		"a route that is not there":  {"/orgs/org", reader, 404, "Not Found"},
		"under /api/v3 too":          {"/api/v3/repos/org/forge/git/ref/heads/main", reader, 200, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := l.do("GET", test.path, test.token, "")
			message, _ := got.body["message"].(string)
			if got.status != test.status || message != test.message {
				t.Errorf("got %d %q, want %d %q", got.status, message, test.status, test.message)
			}
			if test.status >= 400 && got.body["documentation_url"] == "" {
				t.Error("no documentation_url")
			}
			if got.header.Get("X-Github-Request-Id") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestGraphQLRefusals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		token, path string
		settings    githubtest.Settings
		kind        string
		message     string
	}{
		"a reader does not write": {
			token: reader, path: "a", kind: "FORBIDDEN", message: "Resource not accessible by personal access token",
		},
		"a token that does not see it": {
			token: blind, path: "a", kind: "NOT_FOUND", message: "Could not resolve to a Repository with the given name.",
		},
		"an archived repository": {
			token: writer, path: "a", settings: githubtest.Settings{Archived: true},
			kind: "FORBIDDEN", message: "Repository was archived so is read-only.",
		},
		"a rule that wants pull requests": {
			token: writer, path: "a", settings: githubtest.Settings{PullRequests: true},
			kind:    "BRANCH_PROTECTION_RULE_VIOLATION",
			message: "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
		},
		"a path out of the repository": {
			token: writer, path: "../a", kind: "UNPROCESSABLE", message: `not a path that can be changed: "../a"`,
		},
		"Git's own folder": {
			token: writer, path: "a/.GIT/config", kind: "UNPROCESSABLE", message: `not a path that can be changed: "a/.GIT/config"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := start(t, nil)
			head := l.head()
			l.Set(test.settings)
			got := l.graphql(test.token, mutation, commitInput(head, test.path, "x"))
			list, _ := got.body["errors"].([]any)
			if len(list) != 1 {
				t.Fatalf("got %v", got.body)
			}
			first, _ := list[0].(map[string]any)
			if first["type"] != test.kind || first["message"] != test.message {
				t.Errorf("got %v", first)
			}
			if l.head() != head {
				t.Error("the branch moved")
			}
		})
	}
	if got := start(t, nil).do("POST", "/api/graphql", "", `{"query":"{viewer{login}}"}`); got.status != 401 {
		t.Errorf("without a token: status %d", got.status)
	}
}

func TestETagAndRateLimit(t *testing.T) {
	t.Parallel()
	l := start(t, func(c *githubtest.Config) { c.RateLimit = 2 })
	first := l.do("GET", "/repos/org/forge", reader, "")
	again := l.do("GET", "/repos/org/forge", reader, "", "If-None-Match", first.header.Get("Etag"))
	if again.status != 304 || again.text != "" {
		t.Errorf("same again: %d %q", again.status, again.text)
	}
	second := l.do("GET", "/repos/org/forge", reader, "")
	if got := second.header.Get("X-Ratelimit-Remaining"); got != "0" {
		t.Errorf("a 304 was counted: %s remaining", got)
	}
	third := l.do("GET", "/repos/org/forge", reader, "")
	if third.status != 403 || third.header.Get("X-Ratelimit-Reset") == "" {
		t.Errorf("over the limit: %d", third.status)
	}
	if got := l.do("GET", "/repos/org/forge", writer, ""); got.status != 200 {
		t.Errorf("another token: %d", got.status)
	}
}

func TestTreesBlobsAndHistory(t *testing.T) {
	t.Parallel()
	l := start(t, func(c *githubtest.Config) { c.TreeLimit = 3 })
	if got := l.do("GET", "/repos/org/forge/git/trees/main?recursive=1", reader, ""); got.body["truncated"] != true {
		t.Errorf("truncated: %v", got.body["truncated"])
	}
	const q = `{ repository(owner: "org", name: "forge") {
		object(expression: "main:k8s/03-apps") { ... on Tree { entries { name type mode object { ... on Blob { text byteSize } } } } }
		ref(qualifiedName: "main") { target { ... on Commit {
			file(path: "k8s") { type }
			history(first: 1, path: "README.md") { totalCount nodes { messageHeadline author { name } } pageInfo { hasNextPage } }
		} } }
	} }`
	entry := func(name, text string, size float64) any {
		return map[string]any{
			"name": name, "type": "blob", "mode": 33188.0, "object": map[string]any{"text": text, "byteSize": size},
		}
	}
	want := map[string]any{"data": map[string]any{"repository": map[string]any{
		"object": map[string]any{"entries": []any{
			entry("gitea.yaml", "replicas: 1\n", 12), entry("été é.yaml", "name: été\n", 12),
		}},
		"ref": map[string]any{"target": map[string]any{
			"file": map[string]any{"type": "tree"},
			"history": map[string]any{
				"totalCount": 1.0, "pageInfo": map[string]any{"hasNextPage": false},
				"nodes": []any{map[string]any{"messageHeadline": "first commit", "author": map[string]any{"name": "The Team"}}},
			},
		}},
	}}}
	if diff := cmp.Diff(want, l.graphql(reader, q, nil).body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	page := l.do("GET", "/org/forge/commit/"+l.head(), "", "")
	if page.status != 200 || !strings.Contains(page.text, "first commit") {
		t.Errorf("page of a commit: %d %q", page.status, page.text)
	}
}

func TestAdminScriptsFaults(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	l.do("POST", "/_lab/faults", "", `{"operation": "query viewer", "kind": "bad-gateway"}`)
	const q = `{"query":"query { viewer { login } }"}`
	if got := l.do("POST", "/graphql", reader, q); got.status != 502 {
		t.Errorf("with the fault: %d", got.status)
	}
	if got := l.do("POST", "/graphql", reader, q); got.status != 200 {
		t.Errorf("after it: %d %s", got.status, got.text)
	}
	if got := l.do("POST", "/_lab/faults", "", `{"kin": "drop"}`); got.status != 400 {
		t.Errorf("an unknown key: %d", got.status)
	}
	want := []githubtest.Call{
		{Operation: "query viewer", Method: "POST", Path: "/graphql", Login: "carol", Status: 502},
		{Operation: "query viewer", Method: "POST", Path: "/graphql", Login: "carol", Status: 200},
	}
	if diff := cmp.Diff(want, l.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	closed := start(t, func(c *githubtest.Config) { c.Admin = false })
	if got := closed.do("POST", "/_lab/faults", "", `{"kind": "drop"}`); got.status != 404 {
		t.Errorf("without Admin: %d", got.status)
	}
}
