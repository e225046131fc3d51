package k8sops

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Pod is a pod at a glance.
type Pod struct {
	Namespace string
	Name      string
	Node      string
	Grade     Grade
	// Reason is the cluster's own word for how the pod is, as kubectl shows it.
	Reason     string
	Ready      int
	Containers int
	Restarts   int32
	Created    time.Time
}

// Grade is how much a pod wants to be looked at.
type Grade int

// The grades, the worst first.
const (
	Bad       Grade = iota // it cannot run, or does not
	Unsettled              // on its way, or not ready
	Fine
)

// Pods are the pods that want to be looked at most, and how many there are in all.
type Pods struct {
	Worst []Pod
	Total int
	// Count is how many there are of each grade.
	Count map[Grade]int
}

// Pods looks at the pods of all namespaces, or of a workload where one is named, and keeps the worst of them. Memory grows
// with what is kept, not with what runs.
func (c *Cluster) Pods(ctx context.Context, of *Object, most int) (Pods, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	seen := Pods{Count: map[Grade]int{}}
	take := func(p *corev1.Pod) { seen.add(glance(p), most) }
	if of != nil {
		w, err := c.Workload(ctx, *of)
		if err != nil || w.selector == nil {
			return Pods{}, err
		}
		return seen, c.eachPod(ctx, of.Namespace, w.selector, take)
	}
	for _, ns := range c.namespaces {
		if err := c.eachPod(ctx, ns, nil, take); err != nil {
			return Pods{}, err
		}
	}
	return seen, nil
}

func (s *Pods) add(p Pod, most int) {
	s.Total++
	s.Count[p.Grade]++
	at, _ := slices.BinarySearchFunc(s.Worst, p, worse)
	if at >= most {
		return
	}
	s.Worst = slices.Insert(s.Worst, at, p)
	s.Worst = s.Worst[:min(len(s.Worst), most)]
}

// worse sorts what wants to be looked at first: by grade, then those that restart most, then the newest.
func worse(a, b Pod) int {
	return cmp.Or(cmp.Compare(a.Grade, b.Grade), cmp.Compare(b.Restarts, a.Restarts), b.Created.Compare(a.Created),
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// glance sums a pod up.
func glance(p *corev1.Pod) Pod {
	g := Pod{
		Namespace: p.Namespace, Name: p.Name, Node: p.Spec.NodeName, Containers: len(p.Spec.Containers), Created: p.CreationTimestamp.Time,
	}
	for i := range p.Status.ContainerStatuses {
		s := &p.Status.ContainerStatuses[i]
		g.Restarts += max(s.RestartCount, 0)
		if s.Ready {
			g.Ready++
		}
	}
	g.Grade, g.Reason = grade(p)
	if g.Grade == Fine && p.Status.Phase == corev1.PodRunning && g.Ready < g.Containers {
		g.Grade, g.Reason = Unsettled, "NotReady"
	}
	return g
}

// grade says how a pod is, in the words that kubectl uses.
func grade(p *corev1.Pod) (Grade, string) {
	if p.DeletionTimestamp != nil {
		return Unsettled, "Terminating"
	}
	if f := failureOf(p); f != nil {
		return Bad, f.Reason
	}
	if how, reason, told := gradeOfContainers(p); told {
		return how, reason
	}
	switch p.Status.Phase {
	case corev1.PodSucceeded:
		return Fine, "Completed"
	case corev1.PodFailed:
		return Bad, cmp.Or(p.Status.Reason, "Failed")
	case corev1.PodRunning:
		return Fine, "Running"
	case corev1.PodPending:
		return Unsettled, "Pending"
	case corev1.PodUnknown:
	}
	return Bad, "Unknown"
}

// gradeOfContainers finds a container that says why its pod does not run; told is false where none does.
func gradeOfContainers(p *corev1.Pod) (_ Grade, reason string, told bool) {
	for i := range p.Status.InitContainerStatuses {
		if how, reason, told := gradeOfState(p.Status.InitContainerStatuses[i].State); told && reason != initializing {
			return how, "Init:" + reason, true
		}
	}
	for i := range p.Status.ContainerStatuses {
		if how, reason, told := gradeOfState(p.Status.ContainerStatuses[i].State); told && p.Status.Phase != corev1.PodFailed {
			return how, reason, true
		}
	}
	return 0, "", false
}

// initializing is why a container waits for those before it.
const initializing = "PodInitializing"

func gradeOfState(s corev1.ContainerState) (_ Grade, reason string, told bool) {
	switch {
	case s.Terminated != nil && s.Terminated.ExitCode != 0:
		return Bad, endReason(s.Terminated), true
	case s.Waiting != nil:
		return Unsettled, cmp.Or(s.Waiting.Reason, "Waiting"), true
	}
	return 0, "", false
}

// endReason is why a container ended.
func endReason(t *corev1.ContainerStateTerminated) string {
	if t.Reason != "" && t.Reason != "Error" {
		return t.Reason
	}
	return fmt.Sprintf("ExitCode:%d", t.ExitCode)
}
