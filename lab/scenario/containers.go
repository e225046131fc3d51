package scenario

import (
	corev1 "k8s.io/api/core/v1"

	"rtbot/lab/kubelet"
)

// containers are the ways in which what was started does not go on.
func containers() []Scenario {
	behaving := func(how string) func(*app) { return func(a *app) { a.pod.Annotations[kubelet.Behaves] = how } }
	return []Scenario{
		own(Scenario{
			Name: "crash-loop", Code: "CRASH_LOOP", Why: "the program ends with exit code 1",
			shows: crashing("break-crash-loop", "Error", 1),
		}, behaving(kubelet.Crashes)),
		own(Scenario{
			Name: "out-of-memory", Code: "OOM_KILLED", Why: "the program needs more memory than its limit",
			shows: crashing("break-out-of-memory", "OOMKilled", 137),
		}, behaving(kubelet.OutOfMemory)),
		own(Scenario{
			Name: "failing-probe", Code: "PROBE_FAILED", Why: "the readiness probe gets 503",
			shows: event("break-failing-probe", "Unhealthy"),
		}, behaving(kubelet.NotReady)),
		own(Scenario{
			Name: "init-failure", Code: "INIT_FAILED", Why: "the init container ends with exit code 1",
			shows: crashing("break-init-failure", "Error", 1),
		}, func(a *app) {
			behaving(kubelet.InitFails)(a)
			migrate := newContainer("migrate", "busybox:1.36")
			migrate.Ports, migrate.ReadinessProbe = nil, nil
			a.pod.Spec.InitContainers = []corev1.Container{migrate}
		}),
	}
}
