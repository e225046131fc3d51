package scenario

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/lab/cluster"
	"rtbot/lab/part"
)

const (
	deadNode = "pool-rt-4"
	deadApp  = "break-node-not-ready"
	// alone is the label and the taint that keep every other app off the node.
	alone = "rt.lab/alone"
)

// nodeNotReady is an app on a node of its own, whose kubelet dies.
func nodeNotReady() Scenario {
	s := own(Scenario{
		Name: "node-not-ready", Code: "NODE_NOT_READY", Why: "the kubelet of the node does not answer", shows: unready(deadApp),
	}, func(a *app) {
		a.pod.Spec.NodeSelector = map[string]string{alone: "true"}
		a.pod.Spec.Tolerations = []corev1.Toleration{{Key: alone, Operator: corev1.TolerationOpExists}}
	}).and(addNode, removeNode).then(killKubelet)
	gone := s.undo
	s.undo = func(ctx context.Context, w *World) error {
		if err := w.silence(ctx, "null"); err != nil { // a pod goes when its kubelet says so
			return err
		}
		return gone(ctx, w)
	}
	return s
}

// silence stops the kubelet of the node, or with "null" lets it go on.
func (w *World) silence(ctx context.Context, value string) error {
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, cluster.Stopped, value)
	_, err := w.Client.CoreV1().Nodes().Patch(ctx, deadNode, types.MergePatchType, patch, metav1.PatchOptions{})
	return ignoreMissing(err)
}

func addNode(ctx context.Context, w *World) error {
	size := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	_, err := w.Client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: deadNode, Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
			Labels: map[string]string{alone: "true", "kubernetes.io/hostname": deadNode, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
		},
		Spec:   corev1.NodeSpec{Taints: []corev1.Taint{{Key: alone, Effect: corev1.TaintEffectNoSchedule}}},
		Status: corev1.NodeStatus{Capacity: size, Allocatable: size},
	}, metav1.CreateOptions{})
	return err
}

func removeNode(ctx context.Context, w *World) error {
	return ignoreMissing(w.Client.CoreV1().Nodes().Delete(ctx, deadNode, metav1.DeleteOptions{}))
}

// killKubelet silences the node, and then says of it and of its pods what the node controller says after a while.
func killKubelet(ctx context.Context, w *World) error {
	if err := w.silence(ctx, `"true"`); err != nil {
		return err
	}
	if err := part.Until(ctx, func(ctx context.Context) error { return w.nodeUnknown(ctx) }); err != nil {
		return err
	}
	pods, err := w.pods(ctx, deadApp)
	if err != nil {
		return err
	}
	for i := range pods {
		p := &pods[i]
		setReady(&p.Status.Conditions, corev1.PodReady, corev1.ConditionFalse)
		if _, err := w.Client.CoreV1().Pods(namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := w.tell(ctx, p, "NodeNotReady", "Node is not ready"); err != nil {
			return err
		}
	}
	return nil
}

func setReady(conditions *[]corev1.PodCondition, kind corev1.PodConditionType, status corev1.ConditionStatus) {
	for i := range *conditions {
		if c := &(*conditions)[i]; c.Type == kind && c.Status != status {
			c.Status, c.LastTransitionTime = status, metav1.Now()
		}
	}
}

// nodeUnknown writes what the node controller writes of a node that is not heard of any more.
func (w *World) nodeUnknown(ctx context.Context) error {
	node, err := w.Client.CoreV1().Nodes().Get(ctx, deadNode, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for i := range node.Status.Conditions {
		c := &node.Status.Conditions[i]
		c.Status, c.Reason, c.Message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
		c.LastTransitionTime = metav1.NewTime(c.LastHeartbeatTime.Add(time.Second))
	}
	_, err = w.Client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}
