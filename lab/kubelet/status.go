package kubelet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hostIP is the address of every node.
const hostIP = "127.0.0.1"

// status is what the pod's status is to be.
func (p *pod) status(object *corev1.Pod) corev1.PodStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := *object.Status.DeepCopy()
	s.HostIP, s.HostIPs = hostIP, []corev1.HostIP{{IP: hostIP}}
	if s.StartTime == nil {
		s.StartTime = &p.started
	}
	if p.mounted {
		s.PodIP, s.PodIPs = p.address, []corev1.PodIP{{IP: p.address}}
	}
	s.InitContainerStatuses, s.ContainerStatuses = statuses(p.inits), statuses(p.mains)
	s.Phase = p.phase()
	p.conditions(object, &s)
	return s
}

func statuses(all []*container) []corev1.ContainerStatus {
	list := make([]corev1.ContainerStatus, 0, len(all))
	for _, c := range all {
		list = append(list, c.status())
	}
	return list
}

func (c *container) status() corev1.ContainerStatus {
	started := c.state.Running != nil
	s := corev1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, State: c.state, LastTerminationState: c.last, Ready: c.ready,
		RestartCount: c.restarts, Started: &started,
	}
	if c.init {
		s.Ready = c.over()
	}
	if c.state == (corev1.ContainerState{}) {
		s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
		if len(c.pod.inits) > 0 {
			s.State.Waiting.Reason = "PodInitializing"
		}
	}
	if c.image.Name != "" {
		s.Image = c.image.Name
		repository, _, _ := strings.Cut(c.image.Name, "@")
		if i := strings.LastIndex(repository, ":"); i > strings.LastIndex(repository, "/") {
			repository = repository[:i]
		}
		s.ImageID = repository + "@" + c.image.Digest
	}
	if c.state.Running != nil || c.last.Terminated != nil || c.state.Terminated != nil {
		s.ContainerID = c.id()
	}
	return s
}

// id is another one after each restart.
func (c *container) id() string {
	return fmt.Sprintf("containerd://%s-%s-%d", c.pod.uid, c.spec.Name, c.restarts)
}

// phase is Running once each container has been started, and Succeeded when each has done its work.
func (p *pod) phase() corev1.PodPhase {
	done := 0
	for _, c := range p.mains {
		if c.over() {
			done++
		}
		if c.state.Running == nil && c.state.Terminated == nil && c.last.Terminated == nil {
			return corev1.PodPending
		}
	}
	if done == len(p.mains) && done > 0 {
		return corev1.PodSucceeded
	}
	return corev1.PodRunning
}

// conditions sets those that are a kubelet's; those of others stay.
func (p *pod) conditions(object *corev1.Pod, s *corev1.PodStatus) {
	var unready, unfinished []string
	for _, c := range p.mains {
		if !c.ready {
			unready = append(unready, c.spec.Name)
		}
	}
	for _, c := range p.inits {
		if !c.over() {
			unfinished = append(unfinished, c.spec.Name)
		}
	}
	notInitialized := lacking("ContainersNotInitialized", "containers with incomplete status", unfinished)
	notReady := lacking("ContainersNotReady", "containers with unready status", unready)
	if s.Phase == corev1.PodSucceeded {
		notReady = why{"PodCompleted", ""}
	}
	mounted := why{}
	if !p.mounted {
		mounted = why{"ContainerCreating", ""}
	}
	p.set(s, corev1.PodReadyToStartContainers, mounted)
	p.set(s, corev1.PodInitialized, notInitialized)
	p.set(s, corev1.ContainersReady, notReady)
	if gate := closed(object, s); notReady == (why{}) {
		notReady = gate
	}
	p.set(s, corev1.PodReady, notReady)
}

// closed says which readiness gate nobody has opened.
func closed(object *corev1.Pod, s *corev1.PodStatus) why {
	open := func(gate corev1.PodReadinessGate) bool {
		return slices.ContainsFunc(s.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == gate.ConditionType && c.Status == corev1.ConditionTrue
		})
	}
	for _, gate := range object.Spec.ReadinessGates {
		if !open(gate) {
			return why{"ReadinessGatesNotReady", fmt.Sprintf(
				"corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType)}
		}
	}
	return why{}
}

// why says what keeps a condition from being true; the zero why is that nothing does.
type why struct{ reason, message string }

func lacking(reason, text string, names []string) why {
	if len(names) == 0 {
		return why{}
	}
	return why{reason, fmt.Sprintf("%s: [%s]", text, strings.Join(names, " "))}
}

func (p *pod) set(s *corev1.PodStatus, kind corev1.PodConditionType, not why) {
	wanted := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, Reason: not.reason, Message: not.message}
	if not != (why{}) {
		wanted.Status = corev1.ConditionFalse
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if c.Type != kind {
			continue
		}
		if c.Status != wanted.Status {
			c.LastTransitionTime = stamp(p.kubelet.now())
		}
		c.Status, c.Reason, c.Message = wanted.Status, wanted.Reason, wanted.Message
		return
	}
	wanted.LastTransitionTime = stamp(p.kubelet.now())
	s.Conditions = append(s.Conditions, wanted)
}

// ended is the status of a pod whose containers have been ended and that stays all the same.
func ended(object *corev1.Pod, now metav1.Time) corev1.PodStatus {
	s := *object.Status.DeepCopy()
	for i := range s.ContainerStatuses {
		c := &s.ContainerStatuses[i]
		if c.State.Terminated != nil {
			continue
		}
		started := now
		if c.State.Running != nil {
			started = c.State.Running.StartedAt
		}
		c.Ready, c.Started = false, new(bool)
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: "Completed", StartedAt: started, FinishedAt: now, ContainerID: c.ContainerID,
		}}
	}
	for i := range s.Conditions {
		if c := &s.Conditions[i]; c.Type == corev1.PodReady || c.Type == corev1.ContainersReady {
			c.Status, c.Reason = corev1.ConditionFalse, "PodCompleted"
		}
	}
	return s
}

// report writes the status if it is another one.
func (k *Kubelet) report(ctx context.Context, object *corev1.Pod, status corev1.PodStatus) error {
	if apiequality.Semantic.DeepEqual(object.Status, status) {
		return nil
	}
	changed := object.DeepCopy()
	changed.Status = status
	_, err := k.client.CoreV1().Pods(object.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{FieldManager: "kubelet"})
	return ignoreGone(err) // after a conflict the watch brings what is newer
}

// stamp is a time as precise as the API server keeps it.
func stamp(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }
