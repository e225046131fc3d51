package deploy_test

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/deploy"
)

func kubernetes(t *testing.T) []byte {
	t.Helper()
	stream, err := deploy.Kubernetes()
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func argoCD(t *testing.T) []byte {
	t.Helper()
	stream, err := deploy.ArgoCD()
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func TestTheBotOnlyReadsTheCluster(t *testing.T) {
	if diff := cmp.Diff([]string(nil), tooMuch(kubernetes(t))); diff != "" {
		t.Errorf("rights too many (-want +got):\n%s", diff)
	}
}

func TestTheBotGetsItsRights(t *testing.T) {
	objects, err := decode(kubernetes(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range objects {
		name := path.Join(o.Metadata.Namespace, o.Metadata.Name)
		if len(o.Subjects) > 0 {
			name += " to " + o.Subjects[0].Name
		}
		got = append(got, o.Kind+" "+name)
	}
	want := []string{
		"Namespace rt-bot", "ServiceAccount rt-bot/rt-bot",
		"ClusterRole rt-nodes-read", "ClusterRoleBinding rt-nodes-read to rt-bot",
		"ClusterRole rt-ns-read", "RoleBinding rt/rt-ns-read to rt-bot",
		"ClusterRole rt-ns-logs", "RoleBinding rt/rt-ns-logs to rt-bot",
		"Role rt/rt-pull-secret", "RoleBinding rt/rt-pull-secret to rt-bot",
		"Role ci/rt-pull-secret", "RoleBinding ci/rt-pull-secret to rt-bot",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestEveryFileIsApplied(t *testing.T) {
	stream := string(kubernetes(t)) + string(argoCD(t))
	err := fs.WalkDir(deploy.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Base(name) == "kustomization.yaml" {
			return err
		}
		text, err := deploy.Files.ReadFile(name)
		if err == nil && !strings.Contains(stream, string(text)) {
			t.Errorf("%s is embedded and nothing names it", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A check that catches nothing is worth nothing: each of these has to be caught.
func TestHostileRightsAreCaught(t *testing.T) {
	tests := map[string]struct{ yaml, want string }{
		"every verb":                        {role(`[""]`, `[pods]`, `["*"]`), "a wildcard"},
		"every resource":                    {role(`[""]`, `["*"]`, `[get]`), "a wildcard"},
		"every group":                       {role(`["*"]`, `[pods]`, `[get]`), "a wildcard"},
		"every subresource":                 {role(`[""]`, `["pods/*"]`, `[get]`), "a wildcard"},
		"a pod made":                        {role(`[""]`, `[pods]`, `[get, create]`), "the verb create"},
		"a deployment patched":              {role(`[apps]`, `[deployments]`, `[patch]`), "the verb patch"},
		"a deployment scaled":               {role(`[apps]`, `[deployments/scale]`, `[update]`), "the verb update"},
		"a job deleted":                     {role(`[batch]`, `[jobs]`, `[delete]`), "the verb delete"},
		"all volumes deleted":               {role(`[""]`, `[persistentvolumes]`, `[deletecollection]`), "the verb deletecollection"},
		"secrets listed":                    {role(`[""]`, `[secrets]`, `[list]`), "secrets other"},
		"secrets watched":                   {role(`[""]`, `[secrets]`, `[get, watch]`), "secrets other"},
		"any secret read":                   {role(`[""]`, `[secrets]`, `[get]`), "secrets other"},
		"config maps read":                  {role(`[""]`, `[configmaps]`, `[get]`), "the resource configmaps"},
		"a command in a pod":                {role(`[""]`, `[pods/exec]`, `[get]`), "the resource pods/exec"},
		"a terminal attached":               {role(`[""]`, `[pods/attach]`, `[get]`), "the resource pods/attach"},
		"a container added":                 {role(`[""]`, `[pods/ephemeralcontainers]`, `[get]`), "the resource pods/ephemeralcontainers"},
		"a port forwarded":                  {role(`[""]`, `[pods/portforward]`, `[get]`), "the resource pods/portforward"},
		"a way past the API server":         {role(`[""]`, `[nodes/proxy]`, `[get]`), "the resource nodes/proxy"},
		"a token made":                      {role(`[""]`, `[serviceaccounts/token]`, `[create]`), "the resource serviceaccounts/token"},
		"somebody else played":              {role(`[""]`, `[users]`, `[impersonate]`), "the verb impersonate"},
		"rights given":                      {role(`[rbac.authorization.k8s.io]`, `[roles]`, `[bind]`), "the verb bind"},
		"rights read":                       {role(`[rbac.authorization.k8s.io]`, `[clusterroles]`, `[get]`), "the group rbac"},
		"a webhook seen":                    {role(`[admissionregistration.k8s.io]`, `[validatingwebhookconfigurations]`, `[get]`), "the group admission"},
		"a certificate approved":            {role(`[certificates.k8s.io]`, `[signers]`, `[approve]`), "the verb approve"},
		"a right on a path of the server":   {"kind: ClusterRole\nrules: [{nonResourceURLs: [/metrics], verbs: [get]}]", "nonResourceURLs not found"},
		"rights gathered from other roles":  {"kind: ClusterRole\naggregationRule: {clusterRoleSelectors: [{}]}", "aggregationRule not found"},
		"the administrator's role":          {binding("RoleBinding", "cluster-admin", "{kind: ServiceAccount, name: rt-bot, namespace: rt-bot}"), "cluster-admin, which is not"},
		"reading pods in every namespace":   {binding("ClusterRoleBinding", "rt-ns-read", "{kind: ServiceAccount, name: rt-bot, namespace: rt-bot}"), "in every namespace"},
		"rights for everybody":              {binding("RoleBinding", "rt-ns-read", "{kind: Group, name: system:authenticated}"), "binds to Group"},
		"the same name in another place":    {binding("RoleBinding", "rt-ns-read", "{kind: ServiceAccount, name: rt-bot, namespace: rt}"), "rt/rt-bot"},
		"a token in every pod":              {"kind: ServiceAccount\nmetadata: {name: rt-bot}", "mounted in every pod"},
		"a workload in the rights' clothes": {"kind: Secret\nmetadata: {name: key}", "not expected here"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := tooMuch([]byte(test.yaml))
			if !slices.ContainsFunc(got, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("got %q, want a line with %q", got, test.want)
			}
		})
	}
}

func TestOneNamedSecretMayBeRead(t *testing.T) {
	named := `{kind: Role, rules: [{apiGroups: [""], resources: [secrets], resourceNames: [dockerhub-auth-secret], verbs: [get]}]}`
	if got := tooMuch([]byte(named)); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

func role(groups, resources, verbs string) string {
	return "kind: Role\nrules: [{apiGroups: " + groups + ", resources: " + resources + ", verbs: " + verbs + "}]"
}

// binding binds a role, beside the one ClusterRole that is bound rightly.
func binding(kind, role, subject string) string {
	return "kind: ClusterRole\nmetadata: {name: rt-ns-read}\n---\nkind: " + kind +
		"\nroleRef: {kind: ClusterRole, name: " + role + "}\nsubjects: [" + subject + "]"
}

func TestTheBotsAccountInArgoCD(t *testing.T) {
	if diff := cmp.Diff([]string(nil), tooMuchInArgoCD(argoCD(t))); diff != "" {
		t.Errorf("too much, or not denied (-want +got):\n%s", diff)
	}
	data, err := keys(argoCD(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range granted {
		if line := "p, rt-bot, applications, " + action + ", default/*, allow\n"; !strings.Contains(data["policy.rt-bot.csv"], line) {
			t.Errorf("%q is missing", line)
		}
	}
}

// Each of these replaces a part of the policy by something worse, which has to be caught.
func TestHostilePoliciesAreCaught(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"every action":                {"applications, get, default/*", "applications, *, default/*", "gives too much"},
		"every project":               {"sync, default/*", "sync, */*", "gives too much"},
		"every resource action":       {"action/apps/Deployment/restart", "action/*", "gives too much"},
		"the built-in scale":          {"action/apps/Deployment/restart", "action/apps/Deployment/scale", "gives too much"},
		"the repositories' secrets":   {"p, rt-bot, applications, get, default/*", "p, rt-bot, repositories, get, *", "gives too much"},
		"the project with its tokens": {"p, rt-bot, applications, get, default/*", "p, rt-bot, projects, get, default", "gives too much"},
		"a deny turned over":          {"override, */*, deny", "override, */*, allow", "override"},
		"a deny of one project only":  {"delete, */*, deny", "delete, prod/*, deny", `"applications, delete" is not denied`},
		"a deny forgotten":            {"p, rt-bot, exec, create, */*, deny", "", `"exec, create" is not denied`},
		"a role of the team's":        {"p, rt-bot, exec, create, */*, deny", "g, rt-bot, role:admin", "no line of the bot's own"},
		"a default for everybody":     {`policy.default: ""`, `policy.default: role:readonly`, `policy.default is "role:readonly"`},
		"a password":                  {"rt-bot: apiKey", "rt-bot: apiKey, login", "accounts.rt-bot"},
		"nobody has to log in":        {`users.anonymous.enabled: "false"`, `users.anonymous.enabled: "true"`, "users.anonymous"},
		"rollback with sync":          {`rollback.enforce.enable: "true"`, `rollback.enforce.enable: "false"`, "rollback.enforce"},
		"another setting":             {`accounts.rt-bot: apiKey`, "accounts.rt-bot: apiKey\n  accounts.other: login", "accounts.other is not expected"},
	}
	stream := string(argoCD(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hostile := strings.Replace(stream, test.old, test.new, 1)
			if hostile == stream {
				t.Fatalf("%q is not in the policy", test.old)
			}
			got := tooMuchInArgoCD([]byte(hostile))
			if !slices.ContainsFunc(got, func(problem string) bool { return strings.Contains(problem, test.want) }) {
				t.Errorf("got %q, want a line with %q", got, test.want)
			}
		})
	}
}
