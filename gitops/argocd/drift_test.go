package argocd

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/google/go-cmp/cmp"
)

// managed is what the cluster remembers of who wrote what: Argo CD the image, and later somebody the replicas.
const managed = `[
	{"manager":"argocd-controller","operation":"Update","time":"2026-11-24T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{
		"f:strategy":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"gitea\"}":{".":{},"f:image":{}}}}}}}},
	{"manager":"kubectl-edit","operation":"Update","time":"2026-11-24T12:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{
		"f:replicas":{},"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"gitea\"}":{"f:image":{}}}}}}}},
	{"manager":"kube-controller-manager","operation":"Update","subresource":"status","time":"2026-11-24T13:00:00Z","fieldsV1":{"f:spec":{"f:replicas":{}}}}]`

// state of is a Deployment with that spec, as the cluster has it.
func stateOf(kind, body string) string {
	return fmt.Sprintf(`{"kind":%q,"metadata":{"name":"gitea","resourceVersion":"7","managedFields":%s},%s,"status":{"replicas":3}}`, kind, managed, body)
}

func TestOneObjectIsComparedWithGit(t *testing.T) {
	t.Parallel()
	noon, at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	const before = `"spec":{"replicas":1,"strategy":{"type":"A"},"template":{"spec":{"containers":[{"name":"gitea","image":"a:1"}]}}}`
	tests := map[string]struct {
		resource v1alpha1.ResourceDiff
		want     Drift
	}{
		"nothing differs": {v1alpha1.ResourceDiff{LiveState: stateOf("Deployment", before), PredictedLiveState: stateOf("Deployment", before), TargetState: "{}"}, Drift{}},
		"fields and who wrote them last": {
			v1alpha1.ResourceDiff{
				TargetState: "{}", PredictedLiveState: stateOf("Deployment", before),
				LiveState: stateOf("Deployment", `"spec":{"replicas":2,"strategy":{"type":"B"},"paused":true,"template":{"spec":{"containers":[{"name":"gitea","image":"a:2"}]}}}`),
			},
			Drift{Fields: []Field{
				{Path: []string{"spec", "paused"}, Live: "true"},
				{Path: []string{"spec", "replicas"}, Git: "1", Live: "2", Manager: "kubectl-edit", At: noon},
				{Path: []string{"spec", "strategy", "type"}, Git: "A", Live: "B", Manager: "argocd-controller", At: at},
				{Path: []string{"spec", "template", "spec", "containers", "[gitea]", "image"}, Git: "a:1", Live: "a:2", Manager: "kubectl-edit", At: noon},
			}},
		},
		"what Argo CD takes for the same": {
			v1alpha1.ResourceDiff{
				TargetState: "{}", LiveState: stateOf("Deployment", `"spec":{"replicas":9}`),
				NormalizedLiveState: stateOf("Deployment", `"spec":{}`), PredictedLiveState: stateOf("Deployment", `"spec":{}`),
			},
			Drift{},
		},
		"a secret's values are never kept": {
			v1alpha1.ResourceDiff{
				Kind: "Secret", TargetState: "{}", LiveState: stateOf("Secret", `"data":{"key":"b25l"}`), PredictedLiveState: stateOf("Secret", `"data":{"key":"dHdv"}`),
			},
			Drift{Fields: []Field{{Path: []string{"data", "key"}}}},
		},
		"only in Git":             {v1alpha1.ResourceDiff{TargetState: "{}", LiveState: "null"}, Drift{Missing: true}},
		"only in the cluster":     {v1alpha1.ResourceDiff{LiveState: "{}"}, Drift{Extra: true}},
		"a hook is no part of it": {v1alpha1.ResourceDiff{Hook: true, TargetState: "{}"}, Drift{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := compared(&test.resource)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Kind = test.resource.Kind
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := compared(&v1alpha1.ResourceDiff{TargetState: "{", LiveState: "{}"}); err == nil {
		t.Error("a state that is no JSON was read")
	}
	if !json.Valid([]byte(managed)) {
		t.Error("the test's own states are no JSON")
	}
}
