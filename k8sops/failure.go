package k8sops

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Failure is why a rollout cannot end well.
type Failure struct {
	Code FailureCode
	// Pod and Container are empty where the failure is the workload's own.
	Pod       string
	Container string
	// Reason is the cluster's own word, and Message what it says: untrusted text.
	Reason  string
	Message string
}

// FailureCode is the family of a failure.
type FailureCode string

// The families of failures.
const (
	PullFails     FailureCode = "pull"          // an image cannot be pulled
	Crashes       FailureCode = "crash"         // a container starts and ends
	ConfigMissing FailureCode = "config"        // something that the pod names is not there
	NoRoom        FailureCode = "unschedulable" // no node takes the pod
	NotMade       FailureCode = "replicas"      // the cluster refuses to make pods
	TooLate       FailureCode = "deadline"      // not ready within the time it has
)

// waiting are the reasons for which a container that waits will not start by itself.
var waiting = map[string]FailureCode{
	"ErrImagePull": PullFails, "ImagePullBackOff": PullFails, "InvalidImageName": PullFails, "ErrImageNeverPull": PullFails,
	"ImageInspectError": PullFails, "RegistryUnavailable": PullFails,
	"CrashLoopBackOff": Crashes, "RunContainerError": Crashes, "StartError": Crashes,
	"CreateContainerConfigError": ConfigMissing, "CreateContainerError": ConfigMissing,
}

// failureOf finds why a pod cannot start, nil where nothing says so.
func failureOf(p *corev1.Pod) *Failure {
	if p.DeletionTimestamp != nil {
		return nil
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return &Failure{Code: NoRoom, Pod: p.Name, Reason: c.Reason, Message: c.Message}
		}
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		w := s.State.Waiting
		if w == nil {
			continue
		}
		if code, bad := waiting[w.Reason]; bad {
			return &Failure{Code: code, Pod: p.Name, Container: s.Name, Reason: w.Reason, Message: w.Message}
		}
	}
	return nil
}
