package diagnose

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// rollout explains a new revision that does not become ready while the old one goes on. It comes after what a pod itself
// says, which is why the revision does not.
func rollout(s Snapshot) []Finding {
	if s.Deployment == nil {
		return nil
	}
	for _, c := range s.Deployment.Status.Conditions {
		if c.Type != appsv1.DeploymentProgressing || c.Status != corev1.ConditionFalse {
			continue
		}
		status := s.Deployment.Status
		f := s.finding(RolloutStalled, BadRollout, "Updated", number(status.UpdatedReplicas), "Desired", number(desired(s.Deployment)),
			"Available", number(status.AvailableReplicas), "Revision", s.Deployment.Annotations["deployment.kubernetes.io/revision"])
		f.certainty = possible
		f.Quote = Quote{By: "deployment-controller", Text: cut(c.Message)}
		f.see(SawCondition, "Condition", string(c.Type), "State", c.Reason, "Age", age(s.At, c.LastTransitionTime.Time))
		return []Finding{f}
	}
	return nil
}

func desired(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}
