package k8sops

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// overQuota finds quotas that have no room for what a workload is to take more than now.
func overQuota(live Workload, next proposed, quotas []corev1.ResourceQuota) []Obstacle {
	now, then := podNeeds(live.template.Spec), podNeeds(next.template.Spec)
	var found []Obstacle
	for i := range quotas {
		q := &quotas[i]
		if !counts(q.Spec, next.template.Spec) {
			continue
		}
		for name, hard := range q.Status.Hard {
			more := times(then[name], next.replicas)
			more.Sub(times(now[name], live.Desired))
			wanted := q.Status.Used[name]
			wanted.Add(more)
			if more.Sign() > 0 && wanted.Cmp(hard) > 0 {
				found = append(found, Obstacle{Code: OverQuota, Name: q.Name, Resource: string(name), Wanted: wanted.String(), Hard: hard.String()})
			}
		}
	}
	slices.SortFunc(found, func(a, b Obstacle) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Resource, b.Resource))
	})
	return found
}

// times is a quantity n times.
func times(q resource.Quantity, n int32) resource.Quantity {
	product := q.DeepCopy()
	product.Mul(int64(n))
	return product
}

// podNeeds is what one pod takes from a quota, by the names that quotas use.
func podNeeds(spec corev1.PodSpec) corev1.ResourceList {
	needs := corev1.ResourceList{
		corev1.ResourcePods: resource.MustParse("1"), "count/pods": resource.MustParse("1"),
	}
	add := func(name corev1.ResourceName, q resource.Quantity) {
		sum := needs[name]
		sum.Add(q)
		needs[name] = sum
	}
	for _, c := range spec.Containers {
		// A limit is the request where none is named.
		requests := corev1.ResourceList{}
		maps.Copy(requests, c.Resources.Limits)
		maps.Copy(requests, c.Resources.Requests)
		for name, q := range requests {
			add("requests."+name, q)
			if name == corev1.ResourceCPU || name == corev1.ResourceMemory {
				add(name, q)
			}
		}
		for name, q := range c.Resources.Limits {
			add("limits."+name, q)
		}
	}
	return needs
}

// counts reports whether a quota is about pods of that spec. A quota with a scope that depends on more than the spec is
// passed over: it is the cluster's to say.
func counts(q corev1.ResourceQuotaSpec, pod corev1.PodSpec) bool {
	if q.ScopeSelector != nil {
		return false
	}
	for _, scope := range q.Scopes {
		switch scope {
		case corev1.ResourceQuotaScopeNotTerminating:
			if pod.ActiveDeadlineSeconds != nil {
				return false
			}
		case corev1.ResourceQuotaScopeBestEffort:
			if !bestEffort(pod) {
				return false
			}
		case corev1.ResourceQuotaScopeNotBestEffort:
			if bestEffort(pod) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func bestEffort(pod corev1.PodSpec) bool {
	for _, c := range pod.Containers {
		if len(c.Resources.Requests)+len(c.Resources.Limits) > 0 {
			return false
		}
	}
	return true
}
