package k8sops

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// bounds are what a namespace and its cluster hold a workload to.
type bounds struct {
	scalers []autoscalingv2.HorizontalPodAutoscaler
	quotas  []corev1.ResourceQuota
	ranges  []corev1.LimitRange
	budgets []policyv1.PodDisruptionBudget
	// nodes is empty where the bot may not read them.
	nodes []corev1.Node
}

// readBounds reads them all at once.
func (c *Cluster) readBounds(ctx context.Context, round *errgroup.Group, namespace string, into *bounds) {
	all := metav1.ListOptions{}
	round.Go(func() error {
		list, err := c.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, all)
		if err == nil {
			into.scalers = list.Items
		}
		return outside("list autoscalers of "+namespace, err)
	})
	round.Go(func() error {
		list, err := c.client.CoreV1().ResourceQuotas(namespace).List(ctx, all)
		if err == nil {
			into.quotas = list.Items
		}
		return outside("list quotas of "+namespace, err)
	})
	round.Go(func() error {
		list, err := c.client.CoreV1().LimitRanges(namespace).List(ctx, all)
		if err == nil {
			into.ranges = list.Items
		}
		return outside("list limit ranges of "+namespace, err)
	})
	round.Go(func() error {
		list, err := c.client.PolicyV1().PodDisruptionBudgets(namespace).List(ctx, all)
		if err == nil {
			into.budgets = list.Items
		}
		return outside("list disruption budgets of "+namespace, err)
	})
	round.Go(func() error {
		list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err == nil {
			into.nodes = list.Items
		}
		if err = outside("list nodes", err); errors.Is(err, ErrForbidden) {
			return nil // the room on the nodes is said only where they may be read
		}
		return err
	})
}

// proposed is what a workload is to become, as far as it takes room.
type proposed struct {
	replicas int32
	template corev1.PodTemplateSpec
	// remade is true where the pods are made anew.
	remade bool
}

// grows reports whether pods are made that were not there.
func (p proposed) grows(live Workload) bool { return p.remade || p.replicas > live.Desired }

// propose reads the manifest. Where it names no number of replicas, somebody else does: it stays as it is.
func propose(live Workload, p Proposal) (proposed, error) {
	var object struct {
		Spec struct {
			Replicas *int32                 `json:"replicas"`
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(p.Manifest, &object); err != nil {
		return proposed{}, fmt.Errorf("read manifest: %w", err)
	}
	next := proposed{replicas: live.Desired, template: object.Spec.Template}
	if object.Spec.Replicas != nil && p.Kind != "DaemonSet" {
		next.replicas = *object.Spec.Replicas
	}
	next.remade = !sameNeeds(live.template.Spec, next.template.Spec)
	return next, nil
}

// sameNeeds reports whether two pods ask for the same.
func sameNeeds(a, b corev1.PodSpec) bool {
	return equality.Semantic.DeepEqual(podNeeds(a), podNeeds(b))
}
