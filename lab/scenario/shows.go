package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/lab/part"
)

// states are those of all containers of a pod, the init containers first.
func states(p *corev1.Pod) []corev1.ContainerStatus {
	return append(append([]corev1.ContainerStatus{}, p.Status.InitContainerStatuses...), p.Status.ContainerStatuses...)
}

// pulling says why no pod of an app waits for its image because of these words.
func pulling(name, words string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			for _, c := range states(p) {
				s := c.State.Waiting
				if s != nil && (s.Reason == "ErrImagePull" || s.Reason == "ImagePullBackOff") && strings.Contains(s.Message, words) {
					return nil
				}
			}
			return unlike(p)
		})
	}
}

func waiting(name, reason string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			for _, c := range states(p) {
				if c.State.Waiting != nil && c.State.Waiting.Reason == reason {
					return nil
				}
			}
			return unlike(p)
		})
	}
}

// crashing says why no container has ended so at least twice, and waits to be started again.
func crashing(name, reason string, code int32) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			for _, c := range states(p) {
				last := c.LastTerminationState.Terminated
				if last != nil && last.Reason == reason && last.ExitCode == code && c.RestartCount > 1 && c.State.Waiting != nil {
					return nil
				}
			}
			return unlike(p)
		})
	}
}

func unschedulable(name, words string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			for _, c := range p.Status.Conditions {
				if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && strings.Contains(c.Message, words) {
					return nil
				}
			}
			return unlike(p)
		})
	}
}

func event(name, reason string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			list, err := w.Client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
				FieldSelector: "involvedObject.name=" + p.Name + ",reason=" + reason,
			})
			if err == nil && len(list.Items) == 0 {
				err = fmt.Errorf("%s has no event %s", p.Name, reason)
			}
			return err
		})
	}
}

func phase(name string, phase corev1.PodPhase, reason string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			if p.Status.Phase == phase && p.Status.Reason == reason {
				return nil
			}
			return unlike(p)
		})
	}
}

func terminating(name string) check {
	return func(ctx context.Context, w *World) error {
		return w.each(ctx, name, func(p *corev1.Pod) error {
			if p.DeletionTimestamp != nil {
				return nil
			}
			return unlike(p)
		})
	}
}

func unready(name string) check {
	return func(ctx context.Context, w *World) error {
		if err := ready(name)(ctx, w); err == nil {
			return fmt.Errorf("%s is ready", name)
		}
		return nil
	}
}

func condition(name string, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus, words string) check {
	return func(ctx context.Context, w *World) error {
		d, err := w.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range d.Status.Conditions {
			if c.Type == kind && c.Status == status && strings.Contains(c.Message, words) {
				return nil
			}
		}
		return fmt.Errorf("%s is not %s %s yet", name, kind, status)
	}
}

// counted waits until the quota knows how many pods there are.
func (w *World) counted(ctx context.Context) error {
	return part.Until(ctx, func(ctx context.Context) error {
		quota, err := w.Client.CoreV1().ResourceQuotas(namespace).Get(ctx, overQuota, metav1.GetOptions{})
		if err == nil && len(quota.Status.Used) == 0 {
			err = errors.New("the quota is not counted yet")
		}
		return err
	})
}

// unlike says how a pod is that is not as it should be.
func unlike(p *corev1.Pod) error {
	var all []string
	for _, c := range states(p) {
		switch {
		case c.State.Waiting != nil:
			all = append(all, c.Name+" waits: "+c.State.Waiting.Reason+" "+c.State.Waiting.Message)
		case c.State.Running != nil:
			all = append(all, c.Name+" runs")
		case c.State.Terminated != nil:
			all = append(all, c.Name+" has ended: "+c.State.Terminated.Reason)
		}
	}
	return fmt.Errorf("%s is %s %s; %s", p.Name, p.Status.Phase, p.Status.Reason, strings.Join(all, ", "))
}
