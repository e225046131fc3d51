package diagnose

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var (
	exceeded = regexp.MustCompile(`exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)$`)
	// unstated is a quota that counts what the pod does not say.
	unstated = regexp.MustCompile(`failed quota: ([^:]+): must specify (.*)$`)
)

// quota explains pods that the cluster refuses to make: there is a workload and no pod.
func quota(s Snapshot) []Finding {
	if s.Pod != nil {
		return nil
	}
	said, q := s.refusal()
	if said == "" {
		return nil
	}
	if m := exceeded.FindStringSubmatch(said); m != nil {
		resource, wanted, _ := strings.Cut(firstOf(m[2]), "=")
		f := s.finding(QuotaExceeded, OverQuota, "Quota", m[1], "Resource", resource, "Wanted", wanted, "Used", valueOf(m[3], resource),
			"Hard", valueOf(m[4], resource))
		f.Quote = q
		f.see(SawQuota, "Quota", m[1], "Resource", resource, "Wanted", wanted, "Used", valueOf(m[3], resource), "Hard", valueOf(m[4], resource))
		return []Finding{f}
	}
	if m := unstated.FindStringSubmatch(said); m != nil {
		f := s.finding(QuotaExceeded, OverQuota, "Quota", m[1], "Resource", firstOf(m[2]), "Wanted", "", "Used", "", "Hard", "")
		f.Quote = q
		return []Finding{f}
	}
	f := s.finding(PodRefused, RefusedPod)
	f.Quote = q
	return []Finding{f}
}

// refusal is why no pod could be made: a condition of the workload or of its ReplicaSet, or an event.
func (s Snapshot) refusal() (string, Quote) {
	if s.ReplicaSet != nil {
		for _, c := range s.ReplicaSet.Status.Conditions {
			if c.Type == "ReplicaFailure" && c.Status == corev1.ConditionTrue {
				return cut(c.Message), Quote{By: "replicaset-controller", Text: cut(c.Message)}
			}
		}
	}
	if s.Deployment != nil {
		for _, c := range s.Deployment.Status.Conditions {
			if c.Type == "ReplicaFailure" && c.Status == corev1.ConditionTrue {
				return cut(c.Message), Quote{By: "deployment-controller", Text: cut(c.Message)}
			}
		}
	}
	for _, e := range s.events("FailedCreate", "ReplicaSetCreateError") {
		return e.Message, quoteOf(&e)
	}
	return "", Quote{}
}

// firstOf is the first of several values that stand in one line.
func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(strings.TrimSuffix(first, "]"))
}

// valueOf finds NAME=VALUE in a list.
func valueOf(list, name string) string {
	for pair := range strings.SplitSeq(list, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if key == name {
			return value
		}
	}
	return ""
}
