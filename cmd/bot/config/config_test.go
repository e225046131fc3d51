package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/cmd/bot/config"
)

// good is the smallest configuration that works.
const good = `github:
  repository: rt/forge
  token: {env: GITHUB_TOKEN}
argocd:
  server: argocd-server.argocd:443
  token: {file: argocd-token}
  applications: [layer-03-apps]
kubernetes: {namespaces: [rt]}
people:
  - {name: alice, role: admin, slack: U01, web: alice}
  - {name: bob, role: operator, matrix: "@bob:example.org"}
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rt.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheSmallestConfigurationHasDefaults(t *testing.T) {
	t.Parallel()
	path := write(t, good)
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Language, c.Web.Listen, c.Web.Trust, c.Ops.Listen, c.GitHub.Branch, strconv.Itoa(c.Policy.MaxReplicas), c.JournalDSN()}
	want := []string{"en", "127.0.0.1:8090", "", ":8081", "main", "20", "sqlite:" + filepath.Join(filepath.Dir(path), "rt.db")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each row replaces a text of the good configuration; all that is wrong then is said, each with its line.
func TestEveryProblemIsSaidWithItsLine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		old  string
		new  string
		want []string
	}{
		{"an unknown key", "argocd:\n", "argocd:\n  servers: x\n", []string{"line 5: there is no key servers here"}},
		{"a key twice", "kubernetes:", "kubernetes: {namespaces: [rt]}\nkubernetes:", []string{`line 9: mapping key "kubernetes" already defined at line 8`}},
		{"a wrong type", "[rt]", "{a: b}", []string{"line 8: cannot unmarshal !!map into []string", "line 8: kubernetes.namespaces: want at least one namespace"}},
		{"a secret in the file", "{env: GITHUB_TOKEN}", "ghp_secret", []string{
			"line 3: a secret is given as {file: PATH} or {env: NAME}, never in this file",
		}},
		{"a secret with two places", "{env: GITHUB_TOKEN}", "{env: A, file: b}", []string{"line 3: a secret has a file or an env, one of them"}},
		{"a secret with another key", "{env: GITHUB_TOKEN}", "{envv: A}", []string{
			`line 3: a secret has no "envv", only file or env`,
		}},
		{"no secret", "  token: {file: argocd-token}\n", "", []string{"argocd.token: want a token as {file: PATH} or {env: NAME}"}},
		{"a token and an app", "{env: GITHUB_TOKEN}", "{env: A}\n  app: {id: 1}", []string{
			"github: want a token or an app, one of them", "line 4: github.app: want an id, an installation and a key",
		}},
		{"a repository that is none", "rt/forge", "https://github.com/rt/forge", []string{"line 2: github.repository: want OWNER/NAME"}},
		{"an API without a host", "  token: {env", "  api_url: nowhere\n  token: {env", []string{"line 3: github.api_url: want a URL"}},
		{"a web chat for everybody", "github:", "web: {listen: 0.0.0.0:8090}\ngithub:", []string{"line 1: web.listen: want a loopback address"}},
		{"an unknown trust", "github:", "web: {trust: all}\ngithub:", []string{"line 1: web.trust: want names or nothing"}},
		{"an unknown language", "github:", "language: de\ngithub:", []string{"line 1: language: want en or fr"}},
		{"a journal of another kind", "github:", "journal: mysql:x\ngithub:", []string{"line 1: journal: want sqlite:PATH"}},
		{"an ops address that is none", "github:", "ops: {listen: here}\ngithub:", []string{"line 1: ops.listen: want HOST:PORT or :PORT"}},
		{"an Argo CD without a port", "argocd-server.argocd:443", "argocd-server", []string{"line 5: argocd.server: want HOST:PORT"}},
		{"no Application", "[layer-03-apps]", "[]", []string{"line 7: argocd.applications: want at least one Application"}},
		{"apps added elsewhere", "[layer-03-apps]", "[layer-03-apps]\n  add_to: other", []string{`line 8: argocd.add_to: "other" is not one of the applications`}},
		{"a namespace that is none", "[rt]", "[rt, RT_1]", []string{`line 8: kubernetes.namespaces.1: "RT_1" is not the name of a namespace`}},
		{"nobody", "people:", "peoples:", []string{"line 9: there is no key peoples here", "people: want at least one admin"}},
		{"an unknown role", "operator", "root", []string{`line 11: people.1.role: want viewer, operator or admin, not "root"`}},
		{"a person without a name", "name: bob, ", "", []string{"line 11: people.1: want a name"}},
		{"one account for two", `"@bob:example.org"`, `"@bob:example.org", web: alice`, []string{"line 11: people.1: alice and bob have the same web account"}},
		{"a limit that lets nothing pass", "people:", "policy: {max_replicas: 0}\npeople:", []string{"line 9: policy.max_replicas: want 1 to 9999"}},
		{"two documents", "people:", "---\npeople:", []string{"there is a second document behind the first", "people: want at least one admin"}},
		{"tabs", "  repository", "\trepository", []string{"line 2: found character that cannot start any token"}},
		{"nothing at all", good, "", []string{"the file is empty"}},
		{"a Matrix that names nothing whole", "people:", "matrix: {homeserver: matrix.example.org, user: rt, rooms: [general]}\npeople:", []string{
			"line 9: matrix.homeserver: want a URL", "line 9: matrix.user: want the bot's whole user ID", "line 9: matrix.password: want a password",
			`line 9: matrix.rooms.0: "general" is not the ID of a room`,
		}},
		{"a person with half an account in Matrix", "@bob:example.org", "bob", []string{`line 11: people.1.matrix: "bob" is not a whole user ID`}},
		{"a Slack without tokens", "people:", "slack: {channels: [general]}\npeople:", []string{
			"line 9: slack.app_token: want a token", "line 9: slack.bot_token: want a token",
			`line 9: slack.channels.0: "general" is not the ID of a channel`,
		}},
		{"a Slack over HTTP without a secret", "people:", "slack: {mode: http, bot_token: {file: f}}\npeople:", []string{
			"line 9: slack.signing_secret: want the app's signing secret", "line 9: slack.listen: want HOST:PORT or :PORT",
		}},
		{"a way to Slack that there is not", "people:", "slack: {mode: rtm, bot_token: {file: f}}\npeople:", []string{
			"line 9: slack.mode: want socket or http",
		}},
		{"a registry that is none", "people:", "registry: {secrets: [A_1], hosts: [\"https://x\"], realms: [a b], endpoints: {docker.io: nowhere}}\npeople:", []string{
			`line 9: registry.secrets.0: "A_1" is not the name of a secret`, `line 9: registry.hosts.0: "https://x" is not the name of a host`,
			`line 9: registry.realms.0: "a b" is not the name of a host`, "line 9: registry.endpoints: want a URL as http://127.0.0.1:5000",
		}},
		{"a workflow that is none", "people:", "workflow: {file: ../x.yml, label: a, secrets: [{github: A, kubernetes: b}]}\npeople:", []string{
			"line 9: workflow.file: want the name of a file", "line 9: workflow.job: want the name of a job", "line 9: workflow.label: want KEY=VALUE",
			"line 9: workflow.secrets.0: want github: NAME and kubernetes: NAMESPACE/NAME",
		}},
		{"many things at once", "rt/forge\n", "forge\n  branches: x\n", []string{"line 3: there is no key branches here", "line 2: github.repository: want OWNER/NAME"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(write(t, strings.Replace(good, tt.old, tt.new, 1)))
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "ghp_secret") {
				t.Error("it repeats the secret")
			}
		})
	}
}

func TestSecretsAreReadWhereTheyAre(t *testing.T) {
	t.Parallel()
	path := write(t, good)
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "argocd-token"), []byte("\ufeff token\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"GITHUB_TOKEN": "ghp"}
	tests := map[string]struct {
		secret config.Secret
		want   string
		fault  string
	}{
		"a file, without what editors add": {secret: c.ArgoCD.Token, want: "token"},
		"the environment":                  {secret: *c.GitHub.Token, want: "ghp"},
		"a file that is not there":         {secret: config.Secret{File: "nothing"}, fault: "no such file"},
		"a folder":                         {secret: config.Secret{File: "."}, fault: "is a directory"},
		"a name that is not there":         {secret: config.Secret{Env: "NOTHING"}, fault: "the environment has no NOTHING"},
	}
	for name, test := range tests {
		got, err := c.Read(test.secret, func(name string) string { return environment[name] })
		if got != test.want || (err == nil) != (test.fault == "") || (err != nil && !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%s: got %q and %v, want %q and %q", name, got, err, test.want, test.fault)
		}
	}
	if said := fmt.Sprintf("%v %+v %#v", c.ArgoCD.Token, c, *c.GitHub.Token); strings.Contains(said, "argocd-token") || strings.Contains(said, "GITHUB_TOKEN") {
		t.Errorf("it prints where the secrets are: %s", said)
	}
}
