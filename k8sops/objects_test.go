package k8sops_test

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/k8sops"
)

// What all tests are about: gitea in the namespace rt.
var (
	deployment  = k8sops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}
	statefulSet = k8sops.Object{Group: "apps", Kind: "StatefulSet", Namespace: "rt", Name: "gitea"}
	daemonSet   = k8sops.Object{Group: "apps", Kind: "DaemonSet", Namespace: "rt", Name: "gitea"}
)

// noon is when the first object was made.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const revisionKey = "deployment.kubernetes.io/revision"

// counts are how far a workload is.
type counts struct {
	generation, observed                        int64
	desired, current, updated, ready, available int32
}

// all are counts of a workload that is rolled out.
func all(generation int64, n int32) counts {
	return counts{generation, generation, n, n, n, n, n}
}

// meta names an object and gives it the labels of gitea.
func meta(namespace, name string, generation int64) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID("uid-of-" + name), Generation: generation,
		Labels: map[string]string{"app": "gitea"}, CreationTimestamp: metav1.NewTime(noon),
	}
}

// gitea is a template of one pod.
func gitea() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "gitea"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "gitea", Image: "gitea/gitea:1.22",
			Resources: corev1.ResourceRequirements{
				Requests: quantities("cpu", "100m", "memory", "64Mi"), Limits: quantities("memory", "128Mi"),
			},
		}}},
	}
}

// quantities are pairs of a name and a quantity.
func quantities(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

func selector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gitea"}}
}

// deployed is a Deployment whose newest ReplicaSet is the second.
func deployed(c counts, conditions ...appsv1.DeploymentCondition) *appsv1.Deployment {
	d := &appsv1.Deployment{
		ObjectMeta: meta("rt", "gitea", c.generation),
		Spec:       appsv1.DeploymentSpec{Replicas: &c.desired, Selector: selector(), Template: gitea()},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: c.observed, Replicas: c.current, UpdatedReplicas: c.updated, ReadyReplicas: c.ready,
			AvailableReplicas: c.available, Conditions: conditions,
		},
	}
	d.Annotations = map[string]string{revisionKey: "2"}
	return d
}

func stateful(c counts) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: meta("rt", "gitea", c.generation),
		Spec:       appsv1.StatefulSetSpec{Replicas: &c.desired, Selector: selector(), Template: gitea()},
		Status: appsv1.StatefulSetStatus{
			ObservedGeneration: c.observed, Replicas: c.current, UpdatedReplicas: c.updated, ReadyReplicas: c.ready,
			AvailableReplicas: c.available, UpdateRevision: "gitea-2",
		},
	}
}

func daemon(c counts) *appsv1.DaemonSet {
	d := &appsv1.DaemonSet{
		ObjectMeta: meta("rt", "gitea", c.generation),
		Spec:       appsv1.DaemonSetSpec{Selector: selector(), Template: gitea()},
		Status: appsv1.DaemonSetStatus{
			ObservedGeneration: c.observed, DesiredNumberScheduled: c.desired, CurrentNumberScheduled: c.current,
			UpdatedNumberScheduled: c.updated, NumberReady: c.ready, NumberAvailable: c.available,
		},
	}
	d.Annotations = map[string]string{"deprecated.daemonset.template.generation": "2"}
	return d
}

// replicaSet is that of a revision of gitea's Deployment.
func replicaSet(name, revision string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: meta("rt", name, 1), Spec: appsv1.ReplicaSetSpec{Selector: selector()}}
	rs.Annotations = map[string]string{revisionKey: revision}
	rs.OwnerReferences = controlledBy("Deployment", "gitea")
	return rs
}

func controlledBy(kind, name string) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID("uid-of-" + name), Controller: &yes}}
}

// podOf is a pod that an object controls, without a status.
func podOf(kind, owner, name string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: meta("rt", name, 0), Spec: gitea().Spec}
	p.OwnerReferences = controlledBy(kind, owner)
	return p
}

// waitingFor is the status of a pod whose container waits.
func waitingFor(reason, message string) corev1.PodStatus {
	return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "gitea", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}}}
}

func partitioned(n int32) *appsv1.RollingUpdateStatefulSetStrategy {
	return &appsv1.RollingUpdateStatefulSetStrategy{Partition: &n}
}
