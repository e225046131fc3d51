package k8sops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Description is what a person needs to know of a pod.
type Description struct {
	Pod
	// Owner is what made the pod, as Kind/Name; empty where nothing did.
	Owner          string
	IP             string
	ServiceAccount string
	Containers     []ContainerState
	// Conditions are those that do not hold.
	Conditions []Condition
	Volumes    []Volume
	// Events are the newest, the newest last; More is how many older ones there are.
	Events []Event
	More   int
}

// ContainerState is how a container is.
type ContainerState struct {
	Name  string
	Init  bool
	Image string
	// State is running, waiting, ended, or empty where the cluster does not say; Reason and Message are its own words.
	State    string
	Reason   string
	Message  string
	ExitCode int32
	Since    time.Time
	Ready    bool
	Restarts int32
	// Last is why it ended before its last restart.
	Last string
	// Requests and Limits are as "cpu 100m, memory 64Mi".
	Requests string
	Limits   string
}

// The states of a container.
const (
	ContainerRuns  = "running"
	ContainerWaits = "waiting"
	ContainerEnded = "ended"
)

// Condition is something that the cluster says of a pod.
type Condition struct {
	Type    string
	Reason  string
	Message string
}

// Volume is what a pod mounts, and where that comes from.
type Volume struct {
	Name   string
	Source string
}

// Event is something that happened to a pod. Its words are untrusted text.
type Event struct {
	Warning bool
	Reason  string
	Message string
	Count   int32
	Last    time.Time // zero where that is not known
}

// eventsDescribed is how many events are described, and longestMessage how much of what one says.
const (
	eventsDescribed = 8
	longestMessage  = 500
)

// Describe reads a pod and what happened to it. The query says which pod, as for its log.
func (c *Cluster) Describe(ctx context.Context, q LogQuery) (Description, error) {
	p, err := c.podOf(ctx, q)
	if err != nil {
		return Description{}, err
	}
	d := describe(p)
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	events, err := c.client.CoreV1().Events(p.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.name": p.Name, "involvedObject.uid": string(p.UID)}.String(),
	})
	if err != nil {
		return d, outside("list events of "+p.Name, err)
	}
	d.tell(p, events.Items)
	return d, nil
}

func describe(p *corev1.Pod) Description {
	d := Description{Pod: glance(p), IP: p.Status.PodIP, ServiceAccount: p.Spec.ServiceAccountName}
	if owner := metav1.GetControllerOf(p); owner != nil {
		d.Owner = owner.Kind + "/" + owner.Name
	}
	statuses := map[string]*corev1.ContainerStatus{}
	for _, list := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range list {
			statuses[list[i].Name] = &list[i]
		}
	}
	for i := range p.Spec.InitContainers {
		state := ofContainer(&p.Spec.InitContainers[i], statuses)
		state.Init = true
		d.Containers = append(d.Containers, state)
	}
	for i := range p.Spec.Containers {
		d.Containers = append(d.Containers, ofContainer(&p.Spec.Containers[i], statuses))
	}
	for _, c := range p.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			d.Conditions = append(d.Conditions, Condition{Type: string(c.Type), Reason: c.Reason, Message: c.Message})
		}
	}
	for i := range p.Spec.Volumes {
		if source := sourceOf(&p.Spec.Volumes[i]); source != "" {
			d.Volumes = append(d.Volumes, Volume{Name: p.Spec.Volumes[i].Name, Source: source})
		}
	}
	return d
}

func ofContainer(c *corev1.Container, statuses map[string]*corev1.ContainerStatus) ContainerState {
	state := ContainerState{
		Name: c.Name, Image: c.Image, Requests: quantities(c.Resources.Requests), Limits: quantities(c.Resources.Limits),
	}
	s := statuses[c.Name]
	if s == nil {
		return state
	}
	state.Ready, state.Restarts = s.Ready, max(s.RestartCount, 0)
	if t := s.LastTerminationState.Terminated; t != nil {
		state.Last = endReason(t)
	}
	switch {
	case s.State.Running != nil:
		state.State, state.Since = ContainerRuns, s.State.Running.StartedAt.Time
	case s.State.Waiting != nil:
		state.State, state.Reason, state.Message = ContainerWaits, s.State.Waiting.Reason, s.State.Waiting.Message
	case s.State.Terminated != nil:
		t := s.State.Terminated
		state.State, state.Reason, state.Message = ContainerEnded, endReason(t), t.Message
		state.ExitCode, state.Since = t.ExitCode, t.FinishedAt.Time
	}
	return state
}

// quantities writes processor and memory, in this order.
func quantities(list corev1.ResourceList) string {
	var all []string
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if q, ok := list[name]; ok {
			all = append(all, string(name)+" "+q.String())
		}
	}
	return strings.Join(all, ", ")
}

// sourceOf is where a volume comes from, empty for the token that every pod gets.
func sourceOf(v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil:
		return "PersistentVolumeClaim/" + v.PersistentVolumeClaim.ClaimName
	case v.ConfigMap != nil:
		return "ConfigMap/" + v.ConfigMap.Name
	case v.Secret != nil:
		return "Secret/" + v.Secret.SecretName
	case v.EmptyDir != nil:
		return "emptyDir"
	case v.HostPath != nil:
		return "hostPath " + v.HostPath.Path
	case v.NFS != nil:
		return "nfs " + v.NFS.Server
	case v.CSI != nil:
		return "csi " + v.CSI.Driver
	}
	return ""
}

// tell adds what happened to the pod itself: an event of an earlier pod of the same name is not attributed to it.
func (d *Description) tell(p *corev1.Pod, events []corev1.Event) {
	for i := range events {
		e := &events[i]
		if e.InvolvedObject.UID != "" && e.InvolvedObject.UID != p.UID {
			continue
		}
		d.Events = append(d.Events, Event{
			Warning: e.Type == corev1.EventTypeWarning, Reason: e.Reason, Message: shortened(e.Message), Count: max(timesOf(e), 1), Last: lastOf(e),
		})
	}
	slices.SortStableFunc(d.Events, func(a, b Event) int { return a.Last.Compare(b.Last) })
	if d.More = max(0, len(d.Events)-eventsDescribed); d.More > 0 {
		d.Events = d.Events[d.More:]
	}
}

func timesOf(e *corev1.Event) int32 {
	if e.Series != nil {
		return e.Series.Count
	}
	return e.Count
}

// lastOf is when an event happened last: zero where it does not say, or says what cannot be.
func lastOf(e *corev1.Event) time.Time {
	when := e.LastTimestamp.Time
	if e.Series != nil {
		when = e.Series.LastObservedTime.Time
	}
	if when.IsZero() {
		when = e.EventTime.Time
	}
	if year := when.Year(); year < 2000 || year > 9000 {
		return time.Time{}
	}
	return when
}

func shortened(s string) string {
	if r := []rune(s[:min(len(s), 4*longestMessage)]); len(r) > longestMessage || len(s) > 4*longestMessage {
		return string(r[:min(len(r), longestMessage)]) + "…"
	}
	return s
}

// String names a volume and where it comes from.
func (v Volume) String() string { return fmt.Sprintf("%s (%s)", v.Name, cmp.Or(v.Source, "?")) }
