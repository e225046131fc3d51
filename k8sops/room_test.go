package k8sops_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"rtbot/k8sops"
)

// asking is the Deployment with other requests and limits.
func asking(requests, limits corev1.ResourceList) func(*corev1.PodSpec) {
	return func(p *corev1.PodSpec) {
		p.Containers[0].Resources = corev1.ResourceRequirements{Requests: requests, Limits: limits}
	}
}

// The one pod has 100m and 64Mi, 128Mi at most.
func TestWhatAContainerAsksForHasToFit(t *testing.T) {
	t.Parallel()
	q := quantities
	most := &corev1.LimitRange{ObjectMeta: meta("rt", "range", 1), Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
		Type: corev1.LimitTypeContainer, Max: q("memory", "512Mi"), Min: q("memory", "32Mi"), Default: q("memory", "256Mi"),
	}}}}
	node := func(memory string) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + memory}, Status: corev1.NodeStatus{Allocatable: q("cpu", "4", "memory", memory)}}
	}
	tests := map[string]struct {
		bound  object
		change func(*corev1.PodSpec)
		want   found
	}{
		"within a limit range": {most, asking(q("memory", "100Mi"), q("memory", "512Mi")), nil},
		"a limit over the range": {
			most, asking(q("memory", "100Mi"), q("memory", "1Gi")),
			found{{Code: k8sops.OverRange, Name: "range", Container: "gitea", Resource: "memory", Wanted: "1Gi", Hard: "512Mi"}},
		},
		"a request under the range": {
			most, asking(q("memory", "16Mi"), q("memory", "128Mi")),
			found{{Code: k8sops.UnderRange, Name: "range", Container: "gitea", Resource: "memory", Wanted: "16Mi", Hard: "32Mi"}},
		},
		"the range's own default": {most, asking(q("memory", "100Mi"), nil), nil},
		"more than the quota has left": {
			quota("rt", q("limits.memory", "1Gi"), q("limits.memory", "900Mi")), asking(q("cpu", "100m"), q("memory", "512Mi")),
			found{over("rt", "limits.memory", "1284Mi", "1Gi")},
		},
		"less than before, in a full quota": {
			quota("rt", q("limits.memory", "128Mi"), q("limits.memory", "128Mi")), asking(q("cpu", "100m"), q("memory", "64Mi")), nil,
		},
		"a node that is large enough": {node("2Gi"), asking(q("memory", "2Gi"), nil), nil},
		"no node is large enough": {
			node("2Gi"), asking(q("memory", "3Gi"), nil),
			found{{Code: k8sops.NoNode, Resource: "memory", Wanted: "3Gi", Hard: "2Gi"}},
		},
		"nothing changes": {node("1Mi"), func(*corev1.PodSpec) {}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newServer(t, deployed(all(1, 1)), test.bound).cluster("rt")
			next := deployed(all(1, 1))
			test.change(&next.Spec.Template.Spec)
			obstacles(t, cluster, k8sops.Proposal{Object: deployment, Manifest: written(t, next)}, test.want)
		})
	}
}

func TestTheNodesRoomIsSaidOnlyWhereTheyCanBeRead(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 1)))
	s.refuse("/api/v1/nodes", &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden})
	next := deployed(all(1, 1))
	asking(quantities("memory", "900Gi"), nil)(&next.Spec.Template.Spec)
	obstacles(t, s.cluster("rt"), k8sops.Proposal{Object: deployment, Manifest: written(t, next)}, nil)
}

func TestABudgetThatThenLetsNoPodGoIsNoted(t *testing.T) {
	t.Parallel()
	budget := func(least intstr.IntOrString) *policyv1.PodDisruptionBudget {
		return &policyv1.PodDisruptionBudget{
			ObjectMeta: meta("rt", "gitea", 1), Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &least, Selector: selector()},
		}
	}
	tests := map[string]struct {
		budget *policyv1.PodDisruptionBudget
		to     int32
		want   found
	}{
		"two left, one must stay":  {budget(intstr.FromInt32(1)), 2, nil},
		"one left, one must stay":  {budget(intstr.FromInt32(1)), 1, found{{Code: k8sops.Holds, Name: "gitea"}}},
		"two left, most must stay": {budget(intstr.FromString("51%")), 2, found{{Code: k8sops.Holds, Name: "gitea"}}},
		"more pods than before":    {budget(intstr.FromInt32(3)), 4, nil},
		"none is left":             {budget(intstr.FromInt32(1)), 0, nil},
		"it let no pod go anyway":  {budget(intstr.FromInt32(3)), 2, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newServer(t, deployed(all(1, 3)), test.budget).cluster("rt")
			got, err := cluster.Preflight(t.Context(), k8sops.Proposal{Object: deployment, Manifest: written(t, deployed(all(1, test.to))), Scales: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Notes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
