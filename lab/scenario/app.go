package scenario

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"rtbot/lab/part"
)

// app is a Deployment, with the parts of it that a scenario changes at hand.
type app struct {
	*appsv1.Deployment

	pod       *corev1.PodTemplateSpec
	container *corev1.Container
}

// newApp is one that would run.
func newApp(name string) *app {
	one := int32(1)
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{newContainer("app", "nginx:1.27")}},
			},
		},
	}
	return &app{Deployment: d, pod: &d.Spec.Template, container: &d.Spec.Template.Spec.Containers[0]}
}

func newContainer(name, image string) corev1.Container {
	return corev1.Container{
		Name: name, Image: image,
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}},
		ReadinessProbe: &corev1.Probe{PeriodSeconds: 5, ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")},
		}},
		Resources: corev1.ResourceRequirements{
			Requests: quantities("20m", "32Mi"), Limits: quantities("100m", "64Mi"),
		},
	}
}

func quantities(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

func (w *World) create(ctx context.Context, name string, change func(*app)) error {
	a := newApp(name)
	change(a)
	_, err := w.Client.AppsV1().Deployments(namespace).Create(ctx, a.Deployment, metav1.CreateOptions{})
	return err
}

// remove takes an app away and waits until its pods have gone, whatever holds them.
func (w *World) remove(ctx context.Context, name string) error {
	if err := ignoreMissing(w.Client.AppsV1().Deployments(namespace).Delete(ctx, name, metav1.DeleteOptions{})); err != nil {
		return err
	}
	return part.Until(ctx, func(ctx context.Context) error {
		pods, err := w.pods(ctx, name)
		if err != nil {
			return err
		}
		for i := range pods {
			if err := w.release(ctx, &pods[i]); err != nil {
				return err
			}
		}
		if len(pods) > 0 {
			return fmt.Errorf("%s has %d pods", name, len(pods))
		}
		return nil
	})
}

// release lets a pod go that is held.
func (w *World) release(ctx context.Context, pod *corev1.Pod) error {
	if len(pod.Finalizers) == 0 {
		return nil
	}
	patch := []byte(`{"metadata":{"finalizers":null}}`)
	_, err := w.Client.CoreV1().Pods(namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return ignoreMissing(err)
}

func (w *World) pods(ctx context.Context, name string) ([]corev1.Pod, error) {
	list, err := w.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + name})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// restart replaces the pods of an app by new ones.
func (w *World) restart(ctx context.Context, name string) error {
	old, err := w.pods(ctx, name)
	if err != nil {
		return err
	}
	w.Puller.Forget()
	was := map[types.UID]bool{}
	for i := range old {
		was[old[i].UID] = true
		err := w.Client.CoreV1().Pods(namespace).Delete(ctx, old[i].Name, metav1.DeleteOptions{})
		if err := ignoreMissing(err); err != nil {
			return err
		}
	}
	return part.Until(ctx, func(ctx context.Context) error {
		pods, err := w.pods(ctx, name)
		if err != nil {
			return err
		}
		if len(pods) == 0 {
			return errors.New("there is no new pod yet")
		}
		for i := range pods {
			if was[pods[i].UID] {
				return fmt.Errorf("%s is still there", pods[i].Name)
			}
		}
		return nil
	})
}

// ready says which pod of an app is not, or that it has none.
func ready(name string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
					return nil
				}
			}
			return fmt.Errorf("%s is not ready", p.Name)
		})
	}
}

func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
