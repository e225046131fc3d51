package diagnose

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// container is one container of the pod with what is known of it.
type container struct {
	corev1.Container
	status corev1.ContainerStatus
	known  bool // the kubelet has said something about it
	init   bool // runs to its end before the others start
}

// containers are those of the pod in the order in which they start.
func (s Snapshot) containers() []container {
	if s.Pod == nil {
		return nil
	}
	var all []container
	add := func(c corev1.Container, statuses []corev1.ContainerStatus, isInit bool) {
		one := container{Container: c, init: isInit}
		at := slices.IndexFunc(statuses, func(st corev1.ContainerStatus) bool { return st.Name == c.Name })
		if at >= 0 {
			one.status, one.known = statuses[at], true
		}
		all = append(all, one)
	}
	for _, c := range s.Pod.Spec.InitContainers {
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		add(c, s.Pod.Status.InitContainerStatuses, !sidecar)
	}
	for _, c := range s.Pod.Spec.Containers {
		add(c, s.Pod.Status.ContainerStatuses, false)
	}
	return all
}

// waitingReason is why a container waits, in the kubelet's word.
func (c container) waitingReason() string {
	if w := c.status.State.Waiting; w != nil {
		return w.Reason
	}
	return ""
}

func (c container) waitingMessage() string {
	if w := c.status.State.Waiting; w != nil {
		return cut(w.Message)
	}
	return ""
}

// ended is how the container ended last; nil where it never has.
func (c container) ended() *corev1.ContainerStateTerminated {
	if t := c.status.State.Terminated; t != nil {
		return t
	}
	return c.status.LastTerminationState.Terminated
}

// image is what the container is to run: the spec's words, which an author can change.
func (c container) image() string {
	if c.Image != "" {
		return c.Image
	}
	return c.status.Image
}

// eventsOf are the events about a container, newest first. An event that names none is about any.
func (s Snapshot) eventsOf(c container, reasons ...string) []corev1.Event {
	var found []corev1.Event
	for i := range s.Events {
		e := &s.Events[i]
		if !slices.Contains(reasons, e.Reason) {
			continue
		}
		if name := fieldContainer(e.InvolvedObject.FieldPath); name == "" || name == c.Name {
			found = append(found, *e)
		}
	}
	return found
}

// fieldContainer reads the name out of "spec.containers{gitea}".
func fieldContainer(path string) string {
	_, name, found := strings.Cut(path, "{")
	if !found {
		return ""
	}
	return strings.TrimSuffix(name, "}")
}

// events are those of a reason, newest first.
func (s Snapshot) events(reasons ...string) []corev1.Event {
	var found []corev1.Event
	for i := range s.Events {
		if slices.Contains(reasons, s.Events[i].Reason) {
			found = append(found, s.Events[i])
		}
	}
	return found
}

// reporter is who wrote an event, as it says of itself.
func reporter(e *corev1.Event) string {
	for _, name := range []string{e.ReportingController, e.Source.Component} {
		if name != "" {
			return name
		}
	}
	return ""
}

func quoteOf(e *corev1.Event) Quote { return Quote{By: reporter(e), Text: e.Message} }

// ready tells whether the whole pod is.
func (s Snapshot) ready() bool {
	return s.Pod != nil && conditionOf(s.Pod, corev1.PodReady) == corev1.ConditionTrue
}

func conditionOf(p *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}

// finished tells whether the pod has done what it was made for.
func (s Snapshot) finished() bool { return s.Pod != nil && s.Pod.Status.Phase == corev1.PodSucceeded }
