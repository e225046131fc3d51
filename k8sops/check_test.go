package k8sops_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"

	"rtbot/k8sops"
)

type rules = []authorizationv1.ResourceRule

// rule grants verbs on resources of a group, or only on those that are named.
func rule(group string, resources, verbs []string, names ...string) authorizationv1.ResourceRule {
	return authorizationv1.ResourceRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs, ResourceNames: names}
}

func words(w ...string) []string { return w }

// rights are what deploy/ gives the bot, and what every account has.
func rights() rules {
	read := words("get", "list", "watch")
	return rules{
		rule("", words("pods"), read),
		rule("", words("resourcequotas", "limitranges", "events", "nodes"), words("list")),
		rule("apps", words("deployments", "statefulsets", "daemonsets"), read),
		rule("apps", words("replicasets"), words("list")),
		rule("policy", words("poddisruptionbudgets"), words("list")),
		rule("autoscaling", words("horizontalpodautoscalers"), words("list")),
		rule("", words("pods/log"), words("get")),
		rule("", words("serviceaccounts", "nodes"), words("get")),
		rule("", words("persistentvolumeclaims"), words("list")),
		rule("", words("secrets"), words("get"), pullSecret),
		rule("authorization.k8s.io", words("selfsubjectaccessreviews", "selfsubjectrulesreviews"), words("create")),
		rule("authentication.k8s.io", words("selfsubjectreviews"), words("create")),
	}
}

func TestTheRightsOfTheBotAreJudged(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		without int // how many of the first rules are left out
		also    rules
		missing []string
		tooMany []string
	}{
		"what it needs": {},
		"pods are not granted": {
			without: 1, missing: words("get pods in rt", "list pods in rt", "watch pods in rt"),
		},
		"some pods by name are not all pods": {
			without: 1, also: rules{rule("", words("pods"), words("get", "list", "watch"), "one")},
			missing: words("get pods in rt", "list pods in rt", "watch pods in rt"),
		},
		"pods of another group are not pods": {
			without: 1, also: rules{rule("metrics.k8s.io", words("pods"), words("get", "list", "watch"))},
			missing: words("get pods in rt", "list pods in rt", "watch pods in rt"),
		},
		"several rules together are enough": {
			without: 2, also: rules{
				rule("*", words("pods"), words("get")), rule("", words("pods", "resourcequotas", "limitranges", "events", "nodes"), words("list")), rule("", words("pods"), words("watch")),
			},
		},
		"everything is enough and far too much": {
			without: 6, also: rules{rule("*", words("*"), words("*"))}, tooMany: words("* * in rt"),
		},
		"a wildcard that only reads": {
			also: rules{rule("", words("*"), words("list"))}, tooMany: words("list * in rt"),
		},
		"a wildcard of verbs":  {also: rules{rule("", words("configmaps"), words("*"))}, tooMany: words("* configmaps in rt")},
		"more that only reads": {also: rules{rule("", words("configmaps", "pods/log"), words("get", "list", "watch"))}},
		"writing": {
			also: rules{
				rule("apps", words("deployments", "deployments/scale"), words("patch", "get", "update")), rule("apps", words("deployments"), words("patch")),
			},
			tooMany: words("patch deployments in rt", "patch deployments/scale in rt", "update deployments in rt", "update deployments/scale in rt"),
		},
		"deletion of many":           {also: rules{rule("", words("pods"), words("deletecollection"))}, tooMany: words("deletecollection pods in rt")},
		"one secret that is named":   {also: rules{rule("", words("secrets"), words("get"), "argocd")}},
		"secrets that are not named": {also: rules{rule("", words("secrets"), words("get"))}, tooMany: words("get secrets in rt")},
		"a list of secrets":          {also: rules{rule("", words("secrets"), words("list"), "argocd")}, tooMany: words("list secrets in rt")},
		"a way into a container": {
			also:    rules{rule("", words("pods/exec", "pods/attach"), words("get", "create"))},
			tooMany: words("create pods/attach in rt", "create pods/exec in rt", "get pods/attach in rt", "get pods/exec in rt"),
		},
		"a way into a container by a wildcard": {
			also: rules{rule("", words("*/exec", "pods/*"), words("get"))}, tooMany: words("get */exec in rt", "get pods/* in rt"),
		},
		"a way through the API server": {
			also:    rules{rule("", words("services/proxy", "nodes/proxy", "pods/proxy"), words("get"))},
			tooMany: words("get nodes/proxy in rt", "get pods/proxy in rt", "get services/proxy in rt"),
		},
		"a forwarded port":    {also: rules{rule("", words("pods/portforward"), words("create", "get"))}},
		"any port":            {also: rules{rule("", words("pods/portforward"), words("*"))}, tooMany: words("* pods/portforward in rt")},
		"another's identity":  {also: rules{rule("", words("users"), words("impersonate"))}, tooMany: words("impersonate users in rt")},
		"a token of another":  {also: rules{rule("", words("serviceaccounts/token"), words("create"))}, tooMany: words("create serviceaccounts/token in rt")},
		"more than to ask":    {also: rules{rule("authorization.k8s.io", words("selfsubjectaccessreviews"), words("*"))}, tooMany: words("* selfsubjectaccessreviews in rt")},
		"to ask about others": {also: rules{rule("authorization.k8s.io", words("subjectaccessreviews"), words("create"))}, tooMany: words("create subjectaccessreviews in rt")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.rules["rt"] = slices.Concat(rights()[test.without:], test.also)
			got, err := s.cluster("rt").Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := k8sops.Access{Version: "v1.33.4", Missing: test.missing, TooMany: test.tooMany}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEachNamespaceIsJudgedByItself(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.rules["a"] = rights()[2:]
	s.rules["b"] = append(rights(), rule("", words("secrets"), words("list")))
	got, err := s.cluster("a", "b").Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := k8sops.Access{
		Version: "v1.33.4", TooMany: words("list secrets in b"),
		Missing: words("get pods in a", "list pods in a", "watch pods in a", "list resourcequotas in a",
			"list limitranges in a", "list events in a", "list nodes in a"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
