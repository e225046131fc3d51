package diagnose

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// volume explains claims without a volume, and volumes that cannot be brought to the node.
func volume(s Snapshot) []Finding {
	if s.Pod == nil || s.ready() || s.finished() {
		return nil
	}
	return slices.Concat(s.unbound(), s.unmounted())
}

// unbound finds the pod's claims that have no volume. A claim that waits for the pod to get a node is no cause.
func (s Snapshot) unbound() []Finding {
	if s.Pod.Spec.NodeName != "" {
		return nil
	}
	var found []Finding
	for _, name := range s.claimNames() {
		claim := s.claim(name)
		if claim == nil || claim.Status.Phase == corev1.ClaimBound || claim.Status.Phase == "" {
			continue
		}
		f := s.finding(VolumeUnbound, UnboundVolume, "Claim", name, "Class", classOf(claim), "Resource", "", "Count", "", "Total", "")
		s.claimEvidence(&f, name)
		if text, _ := s.unscheduled(); text != "" {
			f.certainty = likely // the scheduler's own words are better evidence
		}
		found = append(found, f)
	}
	return found
}

func (s Snapshot) claimNames() []string {
	var names []string
	for _, v := range s.Pod.Spec.Volumes {
		switch {
		case v.PersistentVolumeClaim != nil:
			names = append(names, v.PersistentVolumeClaim.ClaimName)
		case v.Ephemeral != nil:
			names = append(names, s.Pod.Name+"-"+v.Name)
		}
	}
	return names
}

func (s Snapshot) claim(name string) *corev1.PersistentVolumeClaim {
	for i := range s.Claims {
		if s.Claims[i].Name == name {
			return &s.Claims[i]
		}
	}
	return nil
}

func classOf(c *corev1.PersistentVolumeClaim) string {
	if c.Spec.StorageClassName == nil {
		return ""
	}
	return *c.Spec.StorageClassName
}

// unboundClaim is the claim of the pod that has no volume, or its only one; empty where that is not known.
func (s Snapshot) unboundClaim() string {
	names := s.claimNames()
	for _, n := range names {
		if c := s.claim(n); c != nil && c.Status.Phase != corev1.ClaimBound {
			return n
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return ""
}

// claimEvidence says how a claim is, and what was said about it.
func (s Snapshot) claimEvidence(f *Finding, name string) {
	if f.Reason != UnboundVolume || s.Pod == nil {
		return
	}
	if name == "" {
		name = s.unboundClaim()
	}
	f.With["Claim"] = name
	if c := s.claim(name); c != nil {
		f.With["Class"] = classOf(c)
		f.see(SawClaim, "Claim", name, "State", string(c.Status.Phase), "Class", classOf(c))
	}
	for _, e := range s.events("ProvisioningFailed", "FailedBinding") {
		if e.InvolvedObject.Name == name {
			f.Quote = quoteOf(&e)
			return
		}
	}
}

// unmounted finds volumes that the kubelet could not mount for a reason of their own.
func (s Snapshot) unmounted() []Finding {
	for _, e := range s.events("FailedMount", "FailedAttachVolume", "FailedMapVolume") {
		if configTrouble(e.Message) {
			continue
		}
		f := s.finding(MountFailed, VolumeMount, "Volume", between(e.Message, `volume "`, `"`))
		f.Quote = quoteOf(&e)
		f.see(SawEvent, "Reason", e.Reason, "Count", number(max(e.Count, 1)), "Age", age(s.At, lastSeen(&e)))
		if s.started() {
			f.certainty = possible
		}
		return []Finding{f}
	}
	return nil
}

// started tells whether any container of the pod has run.
func (s Snapshot) started() bool {
	return slices.ContainsFunc(s.containers(), func(c container) bool { return c.status.State.Running != nil || c.ended() != nil })
}
