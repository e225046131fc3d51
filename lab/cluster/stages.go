package cluster

import (
	"bytes"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	nodestart "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	nodebeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	"sigs.k8s.io/yaml"
)

// Stopped is the annotation of a node whose kubelet is dead: KWOK does not say any more that it is ready.
const Stopped = "rt.lab/kubelet-stopped"

// noPods is a stage that no pod is in: with none, KWOK would take its own and make pods ready.
const noPods = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pods-are-not-kwoks}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector: {matchAnnotations: {rt.lab/never: "true"}}
  next: {delete: false}
`

// stages are KWOK's own for nodes, but for those whose kubelet is dead, and none for pods.
func stages() ([]byte, error) {
	var out bytes.Buffer
	for _, text := range []string{nodestart.DefaultNodeInit, nodebeat.DefaultNodeHeartbeatWithLease} {
		var stage unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &stage.Object); err != nil {
			return nil, fmt.Errorf("read a stage of KWOK: %w", err)
		}
		path := []string{"spec", "selector", "matchExpressions"}
		conditions, _, err := unstructured.NestedSlice(stage.Object, path...)
		if err != nil {
			return nil, fmt.Errorf("read a stage of KWOK: %w", err)
		}
		alive := map[string]any{"key": `.metadata.annotations["` + Stopped + `"]`, "operator": "DoesNotExist"}
		if err := unstructured.SetNestedSlice(stage.Object, append(conditions, alive), path...); err != nil {
			return nil, fmt.Errorf("change a stage of KWOK: %w", err)
		}
		written, err := yaml.Marshal(stage.Object)
		if err != nil {
			return nil, fmt.Errorf("write a stage of KWOK: %w", err)
		}
		fmt.Fprintf(&out, "---\n%s", written)
	}
	fmt.Fprintf(&out, "---%s", noPods)
	return out.Bytes(), nil
}
