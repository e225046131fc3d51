package k8sops

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// outOfRange finds containers that a limit range would not let into the namespace.
func outOfRange(live Workload, next proposed, ranges []corev1.LimitRange) []Obstacle {
	if !next.grows(live) {
		return nil
	}
	var found []Obstacle
	for i := range ranges {
		for _, item := range ranges[i].Spec.Limits {
			if item.Type != corev1.LimitTypeContainer {
				continue
			}
			for j := range next.template.Spec.Containers {
				found = append(found, against(ranges[i].Name, item, &next.template.Spec.Containers[j])...)
			}
		}
	}
	return found
}

// against holds a container against one item of a limit range, with the values that the range itself adds.
func against(name string, item corev1.LimitRangeItem, c *corev1.Container) []Obstacle {
	limits := filled(c.Resources.Limits, item.Default)
	requests := filled(c.Resources.Requests, filled(c.Resources.Limits, item.DefaultRequest))
	var found []Obstacle
	for _, resource := range sortedNames(item.Max) {
		most := item.Max[resource]
		for _, has := range []corev1.ResourceList{limits, requests} {
			if q, ok := has[resource]; ok && q.Cmp(most) > 0 {
				found = append(found, Obstacle{Code: OverRange, Name: name, Container: c.Name, Resource: string(resource), Wanted: q.String(), Hard: most.String()})
				break
			}
		}
	}
	for _, resource := range sortedNames(item.Min) {
		least := item.Min[resource]
		for _, has := range []corev1.ResourceList{requests, limits} {
			if q, ok := has[resource]; ok && q.Cmp(least) < 0 {
				found = append(found, Obstacle{Code: UnderRange, Name: name, Container: c.Name, Resource: string(resource), Wanted: q.String(), Hard: least.String()})
				break
			}
		}
	}
	return found
}

// filled is what a container has, and the defaults where it has nothing.
func filled(has, defaults corev1.ResourceList) corev1.ResourceList {
	all := corev1.ResourceList{}
	maps.Copy(all, defaults)
	maps.Copy(all, has)
	return all
}

func sortedNames(l corev1.ResourceList) []corev1.ResourceName { return slices.Sorted(maps.Keys(l)) }

// tooLarge finds what one pod asks for that no node has in all. Whether there is room beside the other pods is the
// scheduler's to say.
func tooLarge(live Workload, next proposed, nodes []corev1.Node) []Obstacle {
	if !next.grows(live) || len(nodes) == 0 {
		return nil
	}
	needs := podNeeds(next.template.Spec)
	var found []Obstacle
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		var most resource.Quantity
		for i := range nodes {
			if has := nodes[i].Status.Allocatable[name]; has.Cmp(most) > 0 {
				most = has
			}
		}
		if need := needs[name]; !most.IsZero() && need.Cmp(most) > 0 {
			found = append(found, Obstacle{Code: NoNode, Resource: string(name), Wanted: need.String(), Hard: most.String()})
		}
	}
	return found
}

// holding finds disruption budgets that let a pod be moved away now, and would not with the replicas that are to be: a node
// could then not be drained.
func holding(live Workload, next proposed, budgets []policyv1.PodDisruptionBudget) []Obstacle {
	var found []Obstacle
	for i := range budgets {
		selector, err := metav1.LabelSelectorAsSelector(budgets[i].Spec.Selector)
		if err != nil || next.replicas == 0 || !selector.Matches(labels.Set(next.template.Labels)) {
			continue
		}
		if spare(budgets[i].Spec, live.Desired) > 0 && spare(budgets[i].Spec, next.replicas) <= 0 {
			found = append(found, Obstacle{Code: Holds, Name: budgets[i].Name})
		}
	}
	slices.SortFunc(found, func(a, b Obstacle) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// spare is how many of n pods a budget lets be moved away.
func spare(b policyv1.PodDisruptionBudgetSpec, n int32) int32 {
	scaled := func(v *intstr.IntOrString) int32 {
		k, err := intstr.GetScaledValueFromIntOrPercent(v, int(n), true)
		if err != nil {
			return 0
		}
		return int32(min(k, int(n))) //nolint:gosec // at most n
	}
	switch {
	case b.MinAvailable != nil:
		return n - scaled(b.MinAvailable)
	case b.MaxUnavailable != nil:
		return scaled(b.MaxUnavailable)
	}
	return n
}
