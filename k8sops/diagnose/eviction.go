package diagnose

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var lowOn = regexp.MustCompile(`low on resource: ([a-z-]+)`)

// evictions are the reasons of a pod that was made to leave its node.
var evictions = []string{"Evicted", "Preempting", "Preempted", "Terminated", "NodeShutdown", "NodeAffinity", "OutOfcpu", "OutOfmemory", "OutOfpods"}

// eviction explains a pod that was made to leave its node.
func eviction(s Snapshot) []Finding {
	said, q, is := s.evicted()
	if !is {
		return nil
	}
	resource := ""
	if m := lowOn.FindStringSubmatch(said); m != nil {
		resource = m[1]
	}
	node := ""
	if s.Pod != nil {
		node = s.Pod.Spec.NodeName
	}
	f := s.finding(PodEvicted, Evicted, "Resource", resource, "Node", node)
	f.Quote = q
	if s.Node != nil {
		for _, c := range s.Node.Status.Conditions {
			if strings.HasSuffix(string(c.Type), "Pressure") && c.Status == corev1.ConditionTrue {
				f.see(SawNode, "Node", s.Node.Name, "State", string(c.Type))
			}
		}
	}
	if s.Pod != nil && s.Pod.Status.Reason != "" {
		f.see(SawState, "State", s.Pod.Status.Reason)
	}
	return []Finding{f}
}

func (s Snapshot) evicted() (string, Quote, bool) {
	if s.Pod != nil && s.Pod.Status.Phase == corev1.PodFailed {
		return s.failedPod()
	}
	if s.Pod != nil && (s.started() && s.Pod.Status.Phase == corev1.PodRunning || s.finished()) {
		return "", Quote{}, false
	}
	for _, e := range s.events("Evicted") {
		return e.Message, quoteOf(&e), true
	}
	return "", Quote{}, false
}

// failedPod reads a pod that is over: by its reason, by an event, or by its condition.
func (s Snapshot) failedPod() (string, Quote, bool) {
	status := s.Pod.Status
	if slices.Contains(evictions, status.Reason) {
		return status.Message, Quote{By: "kubelet", Text: cut(status.Message)}, true
	}
	for _, e := range s.events("Evicted") {
		return e.Message, quoteOf(&e), true
	}
	for _, c := range status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			return c.Message, Quote{By: "kubernetes", Text: cut(c.Message)}, true
		}
	}
	return "", Quote{}, false
}
