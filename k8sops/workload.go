package k8sops

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Workload is a Deployment, StatefulSet or DaemonSet as the cluster has it.
type Workload struct {
	Object
	Generation int64
	Observed   int64
	// Desired is how many pods it is to have; Updated, Ready and Available are how many are so.
	Desired   int32
	Current   int32
	Updated   int32
	Ready     int32
	Available int32
	// Images are those of its containers, in their order.
	Images []string
	// Restarted is when somebody ordered its last restart, as the cluster keeps it; empty where nobody did.
	Restarted string

	revision  string
	selector  *metav1.LabelSelector
	template  corev1.PodTemplateSpec
	refused   string // why its pods cannot be made, in the cluster's words
	overdue   string // why it is taking longer than it may
	partition int32
}

// restartedAt is the annotation of the pod template that a restart changes.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// rolledOut reports whether all pods are what the newest template says, ready, and alone: what kubectl rollout status
// waits for.
func (w Workload) rolledOut() bool {
	return w.Observed >= w.Generation && w.Updated >= w.Desired-w.partition && w.Current == w.Desired &&
		w.Ready == w.Desired && w.Available == w.Desired
}

// Workload reads one workload, or returns ErrNotFound.
func (c *Cluster) Workload(ctx context.Context, o Object) (Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	doing := fmt.Sprintf("read %s %s/%s", o.Kind, o.Namespace, o.Name)
	apps := c.client.AppsV1()
	switch o.Kind {
	case "Deployment":
		d, err := apps.Deployments(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		return ofDeployment(d), outside(doing, err)
	case "StatefulSet":
		s, err := apps.StatefulSets(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		return ofStatefulSet(s), outside(doing, err)
	case "DaemonSet":
		d, err := apps.DaemonSets(o.Namespace).Get(ctx, o.Name, metav1.GetOptions{})
		return ofDaemonSet(d), outside(doing, err)
	}
	return Workload{}, fmt.Errorf("%s: %w", doing, ErrNotFound)
}

// Workloads lists the workloads of the cluster's namespaces, in three calls a namespace, from the API server's cache.
func (c *Cluster) Workloads(ctx context.Context) ([]Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	cached := metav1.ListOptions{ResourceVersion: "0"}
	var found []Workload
	for _, ns := range c.namespaces {
		deployments, err := c.client.AppsV1().Deployments(ns).List(ctx, cached)
		if err != nil {
			return nil, outside("list deployments of "+ns, err)
		}
		for i := range deployments.Items {
			found = append(found, ofDeployment(&deployments.Items[i]))
		}
		stateful, err := c.client.AppsV1().StatefulSets(ns).List(ctx, cached)
		if err != nil {
			return nil, outside("list statefulsets of "+ns, err)
		}
		for i := range stateful.Items {
			found = append(found, ofStatefulSet(&stateful.Items[i]))
		}
		daemons, err := c.client.AppsV1().DaemonSets(ns).List(ctx, cached)
		if err != nil {
			return nil, outside("list daemonsets of "+ns, err)
		}
		for i := range daemons.Items {
			found = append(found, ofDaemonSet(&daemons.Items[i]))
		}
	}
	return found, nil
}

func ofDeployment(d *appsv1.Deployment) Workload {
	if d == nil {
		return Workload{}
	}
	w := Workload{
		Object: Object{Group: "apps", Kind: "Deployment", Namespace: d.Namespace, Name: d.Name}, Generation: d.Generation,
		Observed: d.Status.ObservedGeneration, Desired: orOne(d.Spec.Replicas), Current: d.Status.Replicas,
		Updated: d.Status.UpdatedReplicas, Ready: d.Status.ReadyReplicas, Available: d.Status.AvailableReplicas,
		Images: images(d.Spec.Template), selector: d.Spec.Selector, template: d.Spec.Template,
		Restarted: d.Spec.Template.Annotations[restartedAt], revision: d.Annotations["deployment.kubernetes.io/revision"],
	}
	for _, c := range d.Status.Conditions {
		switch {
		case c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue:
			w.refused = c.Message
		case c.Type == appsv1.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded":
			w.overdue = c.Message
		}
	}
	return w
}

func ofStatefulSet(s *appsv1.StatefulSet) Workload {
	if s == nil {
		return Workload{}
	}
	w := Workload{
		Object: Object{Group: "apps", Kind: "StatefulSet", Namespace: s.Namespace, Name: s.Name}, Generation: s.Generation,
		Observed: s.Status.ObservedGeneration, Desired: orOne(s.Spec.Replicas), Current: s.Status.Replicas,
		Updated: s.Status.UpdatedReplicas, Ready: s.Status.ReadyReplicas, Available: s.Status.AvailableReplicas,
		Images: images(s.Spec.Template), selector: s.Spec.Selector, template: s.Spec.Template, revision: s.Status.UpdateRevision,
		Restarted: s.Spec.Template.Annotations[restartedAt],
	}
	if r := s.Spec.UpdateStrategy.RollingUpdate; r != nil && r.Partition != nil {
		w.partition = min(*r.Partition, w.Desired)
	}
	return w
}

func ofDaemonSet(d *appsv1.DaemonSet) Workload {
	if d == nil {
		return Workload{}
	}
	return Workload{
		Object: Object{Group: "apps", Kind: "DaemonSet", Namespace: d.Namespace, Name: d.Name}, Generation: d.Generation,
		Observed: d.Status.ObservedGeneration, Desired: d.Status.DesiredNumberScheduled, Current: d.Status.DesiredNumberScheduled,
		Updated: d.Status.UpdatedNumberScheduled, Ready: d.Status.NumberReady, Available: d.Status.NumberAvailable,
		Images: images(d.Spec.Template), selector: d.Spec.Selector, template: d.Spec.Template,
		Restarted: d.Spec.Template.Annotations[restartedAt], revision: d.Annotations["deprecated.daemonset.template.generation"],
	}
}

func orOne(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

func images(t corev1.PodTemplateSpec) []string {
	all := make([]string, len(t.Spec.Containers))
	for i, c := range t.Spec.Containers {
		all[i] = c.Image
	}
	return all
}
