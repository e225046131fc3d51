package diagnose

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// node explains a pod whose node does not report: what the pod's status says is then old.
func node(s Snapshot) []Finding {
	if s.Pod == nil || s.finished() {
		return nil
	}
	f := s.finding(NodeDown, NodeNotReady, "Node", s.Pod.Spec.NodeName, "Count", "", "Total", "")
	if s.Node != nil {
		for _, c := range s.Node.Status.Conditions {
			if c.Type != corev1.NodeReady || c.Status == corev1.ConditionTrue {
				continue
			}
			f.With["Node"] = s.Node.Name
			f.Quote = Quote{By: s.Node.Name, Text: cut(c.Message)}
			f.see(SawNode, "Node", s.Node.Name, "State", c.Reason)
			f.see(SawCondition, "Condition", string(c.Type), "State", string(c.Status), "Age", age(s.At, c.LastTransitionTime.Time))
			return []Finding{f}
		}
		return nil
	}
	if e := s.nodeEvent(); e != nil {
		f.Quote = quoteOf(e)
		f.see(SawEvent, "Reason", e.Reason, "Count", number(max(e.Count, 1)), "Age", age(s.At, lastSeen(e)))
		return []Finding{f}
	}
	if s.Pod.Status.Reason == "NodeLost" {
		f.Quote = Quote{By: "kubernetes", Text: cut(s.Pod.Status.Message)}
		f.see(SawState, "State", s.Pod.Status.Reason)
		return []Finding{f}
	}
	return nil
}

// nodeEvent is the newest event that the pod's node is gone, unless the kubelet has been heard of since.
func (s Snapshot) nodeEvent() *corev1.Event {
	if s.ready() {
		return nil
	}
	var heard time.Time
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Reason == "NodeNotReady" || e.Reason == "TaintManagerEviction" && s.Pod.DeletionTimestamp != nil:
			if lastSeen(e).Before(heard) {
				return nil
			}
			return e
		case reporter(e) == "kubelet" && lastSeen(e).After(heard):
			heard = lastSeen(e)
		}
	}
	return nil
}
