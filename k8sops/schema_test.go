package k8sops_test

import (
	"encoding/json"
	"strings"
	"testing"

	"rtbot/k8sops"
)

func TestTheSchemaThatIsPublishedIsHeldAgainstTheManifest(t *testing.T) {
	t.Parallel()
	bad := func(field, text string) found {
		return found{{Code: k8sops.SchemaError, Field: field, Problem: text}}
	}
	tests := map[string]struct {
		old, new string
		want     found
	}{
		"as it is":                 {"", "", nil},
		"JSON":                     {manifest, `{"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 2, "selector": {}, "template": {}}}`, nil},
		"a whole number":           {"replicas: 2", "replicas: 0", nil},
		"a text for a number":      {"replicas: 2", `replicas: "2"`, bad("spec.replicas", `in body must be of type integer: "string"`)},
		"a part of a number":       {"replicas: 2", "replicas: 2.5", bad("spec.replicas", `in body must be of type int32: "float64"`)},
		"a field that is misspelt": {"replicas: 2", "replica: 2", bad("spec.replica", "unknown field")},
		"one that is missing":      {"  selector:\n    matchLabels: {app: gitea}\n", "", bad("spec.selector", "in body is required")},
		"one of a container":       {"image: ", "imag: ", bad("spec.template.spec.containers[0].imag", "unknown field")},
		"a type in a container":    {"image: gitea/gitea:1.22", "image: 1.22", bad("spec.template.spec.containers[0].image", `in body must be of type string: "number"`)},
		"a text for a list":        {"image: gitea/gitea:1.22", "args: all", bad("spec.template.spec.containers[0].args", `in body must be of type array: "string"`)},
		"a label of any name":      {"labels: {app: gitea}", "labels: {app: gitea, any.name/at-all: x}", nil},
		"a label that is a number": {"labels: {app: gitea}", "labels: {app: 1}", bad("spec.template.metadata.labels.app", `in body must be of type string: "number"`)},
		"a number or a text":       {"replicas: 2", "strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}", nil},
		"a list for either": {"replicas: 2", "strategy: {rollingUpdate: {maxSurge: []}}", found{
			{Code: k8sops.SchemaError, Field: "spec.strategy.rollingUpdate.maxSurge", Problem: "must validate one and only one schema (oneOf). Found none valid"},
			{Code: k8sops.SchemaError, Field: "spec.strategy.rollingUpdate.maxSurge", Problem: `in body must be of type integer: "array"`},
		}},
		"unknown without a value":    {"replicas: 2", "replica:", bad("spec.replica", "unknown field")},
		"nothing for what is needed": {"selector:\n    matchLabels: {app: gitea}", "selector:", bad("spec.selector", "in body is required")},
		"a quantity of any type":     {"image: ", "resources: {limits: {cpu: 1, memory: 64Mi}}\n          image: ", nil},
		"nothing for a list":         {"image: ", "env:\n          image: ", nil},
		"nothing for a time":         {"name: gitea\n", "name: gitea\n  creationTimestamp: null\n", nil},
		"a group without a schema":   {"apps/v1", "apps/v9", nil},
		"a kind without a schema":    {"Deployment", "Cron", nil},
		"the core has its own path":  {"apps/v1", "v1", nil},
	}
	s := newServer(t, deployed(all(1, 2)))
	s.publish("api/v1", "?hash=1", map[string]any{"openapi": "3.0.0"})
	cluster := s.cluster("rt")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(manifest, test.old, test.new, 1)
			obstacles(t, cluster, k8sops.Proposal{Object: deployment, Manifest: []byte(text)}, test.want)
		})
	}
}

func TestASchemaIsReadAgainOnlyWhereItChanged(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 2)))
	cluster := s.cluster("rt")
	good := k8sops.Proposal{Object: deployment, Manifest: []byte(manifest)}
	for range 3 {
		obstacles(t, cluster, good, nil)
	}
	if got := s.requests("/openapi/v3/apis/apps/v1"); got != 1 {
		t.Errorf("got %d reads of the schema, want 1", got)
	}
	stricter := strings.ReplaceAll(string(readJSON(t, "testdata/apps-v1.json")), `"replicas"`, `"pods"`)
	s.publish("apis/apps/v1", "?hash=2", json.RawMessage(stricter))
	obstacles(t, cluster, good, found{{Code: k8sops.SchemaError, Field: "spec.replicas", Problem: "unknown field"}})
	if got := s.requests("/openapi/v3/apis/apps/v1"); got != 2 {
		t.Errorf("got %d reads of the schema, want 2", got)
	}
}

// A schema that refers to itself, and one that refers to what is not there, take anything below.
func TestASchemaThatRefersToItselfHasAnEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 2)))
	s.publish("apis/loop.example/v1", "?hash=1", json.RawMessage(`{"openapi": "3.0.0", "components": {"schemas": {
		"example.loop.v1.Deployment": {"type": "object", "properties": {
			"apiVersion": {"type": "string"}, "kind": {"type": "string"},
			"inner": {"$ref": "#/components/schemas/example.loop.v1.Deployment"},
			"gone": {"$ref": "#/components/schemas/example.loop.v1.Gone"}}}}}}`))
	text := "{apiVersion: loop.example/v1, kind: Deployment, inner: {inner: {any: 1}}, gone: {any: 1}, more: 1}"
	obstacles(t, s.cluster("rt"), k8sops.Proposal{Object: deployment, Manifest: []byte(text)}, found{
		{Code: k8sops.SchemaError, Field: "more", Problem: "unknown field"},
	})
}

func TestWhatIsNotAManifestOrASchemaIsAnError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		manifest, schema, want string
	}{
		"a manifest that is no YAML":    {"{", "{}", "read manifest"},
		"a manifest that is a list":     {"[1]", "{}", "read manifest"},
		"a schema that is not a schema": {manifest, "[]", "read published schema"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(all(1, 2)))
			s.publish("apis/apps/v1", "?hash=1", json.RawMessage(test.schema))
			_, err := s.cluster("rt").Preflight(t.Context(), k8sops.Proposal{Object: deployment, Manifest: []byte(test.manifest)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want that it says %q", err, test.want)
			}
		})
	}
}
