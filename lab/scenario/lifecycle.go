package scenario

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	overQuota = "break-quota"
	evictee   = "break-evicted"
	stuck     = "break-stuck-terminating"
	rollout   = "break-bad-rollout"
	gate      = "rt.lab/checked"
)

// lifecycle are the ways in which a pod is not made, is taken away, or does not go.
func lifecycle() []Scenario {
	two := int32(2)
	return []Scenario{
		own(Scenario{
			Name: "quota", Code: "QUOTA_EXCEEDED", Why: "the namespace has as many pods as it may", shows: condition(
				overQuota, appsv1.DeploymentReplicaFailure, corev1.ConditionTrue, "exceeded quota"),
		}, func(*app) {}).and(limit, unlimit),
		own(Scenario{
			Name: "evicted", Code: "EVICTED", Why: "the node ran out of memory", shows: phase(evictee, corev1.PodFailed, "Evicted"),
		}, func(*app) {}).then(evict),
		nodeNotReady(),
		own(Scenario{
			Name: "stuck-terminating", Code: "STUCK_TERMINATING", Why: "a finalizer holds the pod", shows: terminating(stuck),
		}, func(a *app) { a.pod.Finalizers = []string{"rt.lab/hold"} }).then(deletePods(stuck)),
		own(Scenario{
			Name: "bad-rollout", Code: "ROLLOUT_STALLED", Why: "the new revision is never called ready", shows: condition(
				rollout, appsv1.DeploymentProgressing, corev1.ConditionFalse, "timed out progressing"),
		}, func(a *app) { a.Spec.Replicas = &two }).then(badRevision),
	}
}

// limit allows no pod more than there are.
func limit(ctx context.Context, w *World) error {
	pods, err := w.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	hard := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(int64(len(pods.Items)), resource.DecimalSI)}
	_, err = w.Client.CoreV1().ResourceQuotas(namespace).Create(ctx, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: overQuota, Namespace: namespace}, Spec: corev1.ResourceQuotaSpec{Hard: hard},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return w.counted(ctx)
}

func unlimit(ctx context.Context, w *World) error {
	return ignoreMissing(w.Client.CoreV1().ResourceQuotas(namespace).Delete(ctx, overQuota, metav1.DeleteOptions{}))
}

// evict ends the pods of the app as a kubelet does that is short of memory.
func evict(ctx context.Context, w *World) error {
	pods, err := w.pods(ctx, evictee)
	if err != nil {
		return err
	}
	for i := range pods {
		p := &pods[i]
		p.Status = corev1.PodStatus{
			Phase: corev1.PodFailed, Reason: "Evicted", StartTime: p.Status.StartTime,
			Message: "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61Mi. " +
				"Container app was using 212Mi, request is 32Mi, has larger consumption of memory. ",
		}
		if _, err := w.Client.CoreV1().Pods(namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := w.tell(ctx, p, "Evicted", p.Status.Message); err != nil {
			return err
		}
	}
	return nil
}

// tell writes a warning about a pod as the kubelet of its node.
func (w *World) tell(ctx context.Context, p *corev1.Pod, reason, message string) error {
	now := metav1.Now()
	_, err := w.Client.CoreV1().Events(namespace).Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{GenerateName: p.Name + ".", Namespace: namespace},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: p.Name, UID: p.UID},
		Type:           corev1.EventTypeWarning, Reason: reason, Message: message, Count: 1, FirstTimestamp: now, LastTimestamp: now,
		Source: corev1.EventSource{Component: "kubelet", Host: p.Spec.NodeName},
	}, metav1.CreateOptions{})
	return err
}

func deletePods(name string) func(context.Context, *World) error {
	return func(ctx context.Context, w *World) error {
		pods, err := w.pods(ctx, name)
		if err != nil {
			return err
		}
		for i := range pods {
			if err := w.Client.CoreV1().Pods(namespace).Delete(ctx, pods[i].Name, metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		return nil
	}
}

// badRevision rolls a pod out that waits for somebody to call it ready, and gives it five seconds.
func badRevision(ctx context.Context, w *World) error {
	patch := fmt.Appendf(nil, `{"spec":{"progressDeadlineSeconds":5,"template":{"spec":{"readinessGates":[{"conditionType":%q}]}}}}`, gate)
	_, err := w.Client.AppsV1().Deployments(namespace).Patch(
		ctx, rollout, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	return err
}
