package scenario

import (
	"context"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// maintenance is the taint of nodes that are to take no pods for a while.
const maintenance = "maintenance"

// scheduling are the ways in which no node takes the pod.
func scheduling() []Scenario {
	return []Scenario{
		own(Scenario{
			Name: "unschedulable-cpu", Code: "UNSCHEDULABLE", Why: "no node has 64 cores",
			shows: unschedulable("break-unschedulable-cpu", "Insufficient cpu"),
		}, func(a *app) {
			a.container.Resources.Requests[corev1.ResourceCPU] = resource.MustParse("64")
			a.container.Resources.Limits[corev1.ResourceCPU] = resource.MustParse("64")
		}),
		own(Scenario{
			Name: "unschedulable-taint", Code: "UNSCHEDULABLE", Why: "every node is tainted",
			shows: unschedulable("break-unschedulable-taint", "untolerated taint"),
		}, func(*app) {}).and(taint, untaint),
		own(Scenario{
			Name: "unschedulable-affinity", Code: "UNSCHEDULABLE", Why: "no node has the label that is asked for",
			shows: unschedulable("break-unschedulable-affinity", "didn't match Pod's node affinity/selector"),
		}, func(a *app) { a.pod.Spec.NodeSelector = map[string]string{"disk": "nvme"} }),
		own(Scenario{
			Name: "unbound-volume", Code: "VOLUME_UNBOUND", Why: "the claim asks for a class that there is not",
			shows: unschedulable("break-unbound-volume", "unbound immediate PersistentVolumeClaims"),
		}, func(a *app) {
			a.pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: a.Name},
			}}}
			a.container.VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
		}).and(claim, unclaim),
	}
}

func taint(ctx context.Context, w *World) error {
	return w.eachNode(ctx, []corev1.Taint{{Key: maintenance, Value: "planned", Effect: corev1.TaintEffectNoSchedule}})
}

func untaint(ctx context.Context, w *World) error { return w.eachNode(ctx, []corev1.Taint{}) }

func (w *World) eachNode(ctx context.Context, taints []corev1.Taint) error {
	nodes, err := w.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"taints": taints}})
	if err != nil {
		return err
	}
	for i := range nodes.Items {
		_, err := w.Client.CoreV1().Nodes().Patch(ctx, nodes.Items[i].Name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return err
		}
	}
	return nil
}

const claimed = "break-unbound-volume"

func claim(ctx context.Context, w *World) error {
	class := "fast-ssd"
	_, err := w.Client.CoreV1().PersistentVolumeClaims(namespace).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claimed, Namespace: namespace, Labels: map[string]string{"app": claimed}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}, metav1.CreateOptions{})
	return err
}

func unclaim(ctx context.Context, w *World) error {
	return ignoreMissing(w.Client.CoreV1().PersistentVolumeClaims(namespace).Delete(ctx, claimed, metav1.DeleteOptions{}))
}
