package kubelet

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Behaves is the annotation of a pod whose containers do not simply run.
const Behaves = "rt.lab/behaves"

// What a pod can do instead of running.
const (
	Crashes     = "crashes"       // each container ends with exit code 1 soon after its start
	OutOfMemory = "out-of-memory" // each container is killed at its limit
	NotReady    = "not-ready"     // the readiness probe fails
	InitFails   = "init-fails"    // the init containers end with exit code 1
)

// fate is how a container ends that does not run on: with which reason and exit code.
type fate struct {
	reason string
	code   int32
}

// fateOf says how a container of a pod ends, if it does.
func fateOf(object *corev1.Pod, init bool) (fate, bool) {
	how := object.Annotations[Behaves]
	switch {
	case init && how == InitFails:
		return fate{"Error", 1}, true
	case init:
		return fate{"Completed", 0}, true
	case how == Crashes:
		return fate{"Error", 1}, true
	case how == OutOfMemory:
		return fate{"OOMKilled", 137}, true
	case ofJob(object):
		return fate{"Completed", 0}, true
	default:
		return fate{}, false
	}
}

func ofJob(object *corev1.Pod) bool {
	return slices.ContainsFunc(object.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "Job" })
}

// lines are what a container says before it ends, or while it runs.
func (f fate) lines(name string) []string {
	switch {
	case f.reason == "OOMKilled":
		return []string{name + ": reading the index into memory", name + ": 1048576 entries read"}
	case f.code != 0:
		return []string{
			name + ": starting", "connecting to postgres-svc.rt.svc:5432",
			`fatal: password authentication failed for user "app"`,
		}
	default:
		return []string{name + ": done"}
	}
}
