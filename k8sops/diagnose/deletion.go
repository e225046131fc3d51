package diagnose

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// patience is how long after its deadline a deleted pod may still be seen without being stuck.
const patience = 15 * time.Second

// deletion explains a pod that was deleted and does not go away.
func deletion(s Snapshot) []Finding {
	if s.Pod == nil || s.Pod.DeletionTimestamp == nil {
		return nil
	}
	// The time of deletion has the grace that the pod was given in it already.
	overdue := s.At.Sub(s.Pod.DeletionTimestamp.Time)
	if overdue < patience && len(s.Pod.Finalizers) == 0 {
		return nil
	}
	f := s.finding(Terminating, StuckTerminating, "Finalizer", strings.Join(s.Pod.Finalizers, ", "), "Age", age(s.At, s.Pod.DeletionTimestamp.Time),
		"Node", s.Pod.Spec.NodeName)
	f.see(SawDeleted, "Age", age(s.At, s.Pod.DeletionTimestamp.Time))
	for _, name := range s.Pod.Finalizers {
		f.see(SawFinalizer, "Finalizer", name)
	}
	for _, e := range s.events("FailedKillPod", "FailedPreStopHook", "ExceededGracePeriod") {
		f.Quote = quoteOf(&e)
		break
	}
	if s.nodeDown() && len(s.Pod.Finalizers) == 0 {
		f.certainty = likely // a node that does not report is why nobody confirms the end
	}
	return []Finding{f}
}

func (s Snapshot) nodeDown() bool {
	if s.Node == nil {
		return s.nodeEvent() != nil
	}
	for _, c := range s.Node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status != corev1.ConditionTrue
		}
	}
	return false
}
