package k8sops_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"rtbot/k8sops"
)

const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: gitea
  namespace: rt
spec:
  replicas: 2
  selector:
    matchLabels: {app: gitea}
  template:
    metadata:
      labels: {app: gitea}
    spec:
      containers:
        - name: gitea
          image: gitea/gitea:1.22
`

// scaler is an autoscaler of a workload.
func scaler(namespace, kind, target string, least *int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: meta(namespace, "busy", 1),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: kind, Name: target},
			MinReplicas:    least, MaxReplicas: 5,
		},
	}
}

func TestAnAutoscalerThatOwnsTheReplicasIsInTheWay(t *testing.T) {
	t.Parallel()
	two := int32(2)
	tests := map[string]struct {
		scaler   *autoscalingv2.HorizontalPodAutoscaler
		proposal k8sops.Proposal
		want     found
	}{
		"one of the workload": {
			scaler("rt", "Deployment", "gitea", &two),
			k8sops.Proposal{Scales: true},
			found{{Code: k8sops.Autoscaled, Name: "busy", Min: 2, Max: 5}},
		},
		"one that names no least number": {
			scaler("rt", "Deployment", "gitea", nil),
			k8sops.Proposal{Scales: true},
			found{{Code: k8sops.Autoscaled, Name: "busy", Min: 1, Max: 5}},
		},
		"one of the workload where something else changes": {scaler("rt", "Deployment", "gitea", &two), k8sops.Proposal{}, nil},
		"one of another kind":                              {scaler("rt", "StatefulSet", "gitea", &two), k8sops.Proposal{Scales: true}, nil},
		"one of another name":                              {scaler("rt", "Deployment", "runner", &two), k8sops.Proposal{Scales: true}, nil},
		"one of another namespace":                         {scaler("other", "Deployment", "gitea", &two), k8sops.Proposal{Scales: true}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := newServer(t, deployed(all(1, 1)), test.scaler).cluster("rt")
			p := test.proposal
			p.Object, p.Manifest = deployment, []byte(manifest)
			obstacles(t, cluster, p, test.want)
		})
	}
}

// obstacles fails where a preflight finds something else than what is wanted.
func obstacles(t *testing.T, c *k8sops.Cluster, p k8sops.Proposal, want found) {
	t.Helper()
	got, err := c.Preflight(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Obstacles); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Live.Object != p.Object {
		t.Errorf("got %+v as it is, want that of %+v", got.Live, p.Object)
	}
}

// These are what a preflight reads and what it gives.
type (
	quotas = []*corev1.ResourceQuota
	found  = []k8sops.Obstacle
)

// quota is one of the namespace rt, with pairs of what is hard and what is used.
func quota(name string, hard, used corev1.ResourceList, scopes ...corev1.ResourceQuotaScope) *corev1.ResourceQuota {
	return &corev1.ResourceQuota{
		ObjectMeta: meta("rt", name, 1),
		Spec:       corev1.ResourceQuotaSpec{Hard: hard, Scopes: scopes},
		Status:     corev1.ResourceQuotaStatus{Hard: hard, Used: used},
	}
}

// written is a workload as its manifest says it.
func written(t *testing.T, d *appsv1.Deployment) []byte {
	t.Helper()
	d.APIVersion, d.Kind = "apps/v1", "Deployment"
	d.ObjectMeta = metav1.ObjectMeta{Name: d.Name, Namespace: d.Namespace}
	text, err := yaml.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// over is the obstacle of a quota.
func over(name, resource, wanted, hard string) k8sops.Obstacle {
	return k8sops.Obstacle{Code: k8sops.OverQuota, Name: name, Resource: resource, Wanted: wanted, Hard: hard}
}

// The workload has two pods of 100m and 64Mi, 128Mi at most.
func TestAQuotaWithoutRoomIsInTheWay(t *testing.T) {
	t.Parallel()
	q, many := quantities, quantities("pods", "5")
	full := quota("rt", many, many)
	selective := quota("rt", many, many)
	selective.Spec.ScopeSelector = &corev1.ScopeSelector{}
	tests := map[string]struct {
		quotas   quotas
		replicas int32
		want     found
	}{
		"no quota":                      {nil, 100, nil},
		"room for all":                  {quotas{quota("rt", many, q("pods", "2"))}, 5, nil},
		"one pod too many":              {quotas{quota("rt", many, q("pods", "2"))}, 6, found{over("rt", "pods", "6", "5")}},
		"a full one and as many pods":   {quotas{full}, 2, nil},
		"a full one and fewer pods":     {quotas{full}, 1, nil},
		"a full one and no pods":        {quotas{full}, 0, nil},
		"nothing used yet":              {quotas{quota("rt", many, nil)}, 7, nil},
		"objects are counted":           {quotas{quota("rt", q("count/pods", "2"), q("count/pods", "2"))}, 3, found{over("rt", "count/pods", "3", "2")}},
		"what pods do not take":         {quotas{quota("rt", q("services", "2", "limits.cpu", "1"), q("services", "2", "limits.cpu", "1"))}, 3, nil},
		"requested processors":          {quotas{quota("rt", q("requests.cpu", "350m"), q("requests.cpu", "200m"))}, 4, found{over("rt", "requests.cpu", "400m", "350m")}},
		"processors by their old name":  {quotas{quota("rt", q("cpu", "0.25"), q("cpu", "0.2"))}, 3, found{over("rt", "cpu", "300m", "250m")}},
		"memory up to the last byte":    {quotas{quota("rt", q("limits.memory", "1Gi"), q("limits.memory", "256Mi"))}, 8, nil},
		"limits of memory":              {quotas{quota("rt", q("limits.memory", "1Gi"), q("limits.memory", "256Mi"))}, 9, found{over("rt", "limits.memory", "1152Mi", "1Gi")}},
		"two and two, by their names":   {quotas{quota("b", q("pods", "2"), q("pods", "2")), quota("a", q("pods", "2", "cpu", "1m"), q("pods", "2"))}, 3, found{over("a", "cpu", "100m", "1m"), over("a", "pods", "3", "2"), over("b", "pods", "3", "2")}},
		"one of pods that run on":       {quotas{quota("rt", many, many, corev1.ResourceQuotaScopeNotTerminating)}, 3, found{over("rt", "pods", "6", "5")}},
		"one of pods that request":      {quotas{quota("rt", many, many, corev1.ResourceQuotaScopeNotBestEffort)}, 3, found{over("rt", "pods", "6", "5")}},
		"one of pods without requests":  {quotas{quota("rt", many, many, corev1.ResourceQuotaScopeBestEffort)}, 3, nil},
		"one of pods that end":          {quotas{quota("rt", many, many, corev1.ResourceQuotaScopeTerminating)}, 3, nil},
		"one of a class of priority":    {quotas{quota("rt", many, many, corev1.ResourceQuotaScopePriorityClass)}, 3, nil},
		"one that selects by its scope": {quotas{selective}, 3, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(all(1, 2)))
			for _, q := range test.quotas {
				s.put(q.DeepCopy())
			}
			p := k8sops.Proposal{Object: deployment, Manifest: written(t, deployed(all(1, test.replicas))), Scales: true}
			obstacles(t, s.cluster("rt"), p, test.want)
		})
	}
}

// What the API server makes of a template when it makes a pod of it counts, not its letters.
func TestAQuotaCountsWhatAPodTakes(t *testing.T) {
	t.Parallel()
	ten := int64(10)
	tests := map[string]struct {
		change func(*corev1.PodSpec)
		quota  *corev1.ResourceQuota
		want   found
	}{
		"the sum of its containers": {
			func(p *corev1.PodSpec) { p.Containers = append(p.Containers, p.Containers[0]) },
			quota("rt", quantities("requests.cpu", "1"), quantities("requests.cpu", "1")),
			found{over("rt", "requests.cpu", "1200m", "1")},
		},
		"a limit is the request where none is named": {
			func(p *corev1.PodSpec) { p.Containers[0].Resources.Requests = nil },
			quota("rt", quantities("requests.memory", "1Gi"), quantities("requests.memory", "1Gi")),
			found{over("rt", "requests.memory", "1152Mi", "1Gi")},
		},
		"one without requests is of those without": {
			func(p *corev1.PodSpec) { p.Containers[0].Resources = corev1.ResourceRequirements{} },
			quota("rt", quantities("pods", "1"), quantities("pods", "1"), corev1.ResourceQuotaScopeBestEffort),
			found{over("rt", "pods", "2", "1")},
		},
		"one without requests is not of those with": {
			func(p *corev1.PodSpec) { p.Containers[0].Resources = corev1.ResourceRequirements{} },
			quota("rt", quantities("pods", "1"), quantities("pods", "1"), corev1.ResourceQuotaScopeNotBestEffort), nil,
		},
		"one that ends is not of those that run on": {
			func(p *corev1.PodSpec) { p.ActiveDeadlineSeconds = &ten },
			quota("rt", quantities("pods", "1"), quantities("pods", "1"), corev1.ResourceQuotaScopeNotTerminating), nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployed(all(1, 1))
			test.change(&d.Spec.Template.Spec)
			cluster := newServer(t, d, test.quota).cluster("rt")
			two := deployed(all(1, 2))
			test.change(&two.Spec.Template.Spec)
			obstacles(t, cluster, k8sops.Proposal{Object: deployment, Manifest: written(t, two), Scales: true}, test.want)
		})
	}
}

func TestAllThatIsInTheWayIsNamed(t *testing.T) {
	t.Parallel()
	full := quota("rt", quantities("pods", "1"), quantities("pods", "1"))
	cluster := newServer(t, deployed(all(1, 1)), full, scaler("rt", "Deployment", "gitea", nil)).cluster("rt")
	broken := strings.Replace(manifest, "spec:\n", "spec:\n  replica: 3\n", 1)
	got, err := cluster.Preflight(t.Context(), k8sops.Proposal{Object: deployment, Manifest: []byte(broken), Scales: true})
	if err != nil {
		t.Fatal(err)
	}
	var codes []k8sops.ObstacleCode
	for _, o := range got.Obstacles {
		codes = append(codes, o.Code)
	}
	if want := "[schema autoscaler quota]"; fmt.Sprint(codes) != want {
		t.Errorf("got %v, want %s", codes, want)
	}
}
