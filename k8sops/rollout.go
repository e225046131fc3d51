package k8sops

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// Rollout is how far a workload has got with what its manifest says.
type Rollout struct {
	Generation int64
	Desired    int32
	Updated    int32
	Ready      int32
	// Complete is what kubectl rollout status waits for.
	Complete bool
	// Failure is set as soon as a pod of the newest revision cannot start.
	Failure *Failure
}

// Rollout watches a workload and its pods, and gives each new state until ctx ends or the caller stops. An error means
// that the cluster does not answer for now: the watch goes on by itself. It costs two watches, and nothing is polled.
func (c *Cluster) Rollout(ctx context.Context, o Object) iter.Seq2[Rollout, error] {
	return func(yield func(Rollout, error) bool) {
		for ctx.Err() == nil {
			more, err := c.watchRollout(ctx, o, yield)
			if !more || ctx.Err() != nil {
				return
			}
			if err != nil && !yield(Rollout{}, err) {
				return
			}
			sleep(ctx, time.Second)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// watchRollout reads one pair of watches to their end. A watch without a version begins with all that is there, read from
// the newest state. more is false where the caller has seen enough.
func (c *Cluster) watchRollout(ctx context.Context, o Object, yield func(Rollout, error) bool) (more bool, err error) {
	ctx, cancel := context.WithCancel(ctx) // which ends both watches
	defer cancel()
	workloads, pods, err := c.openWatches(ctx, o)
	if err != nil {
		return true, err
	}
	// A watch that is only cancelled waits for ever for somebody to read its last event.
	defer workloads.Stop()
	defer pods.Stop()
	v := &rolloutView{cluster: c, pods: map[types.UID]*corev1.Pod{}}
	for {
		select {
		case e := <-workloads.ResultChan():
			err = v.workloadEvent(ctx, e)
		case e := <-pods.ResultChan():
			err = v.podEvent(e)
		case <-ctx.Done():
			return true, ctx.Err()
		}
		if errors.Is(err, errStreamEnds) {
			return true, nil
		}
		if err != nil {
			return true, err
		}
		if v.known && !yield(v.rollout(), nil) {
			return false, nil
		}
	}
}

func (c *Cluster) openWatches(ctx context.Context, o Object) (workloads, pods watch.Interface, err error) {
	start, err := c.Workload(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	if workloads, err = c.watchWorkload(ctx, o); err != nil {
		return nil, nil, outside("watch "+o.Kind, err)
	}
	pods, err = c.client.CoreV1().Pods(o.Namespace).Watch(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(start.selector)})
	if err != nil {
		workloads.Stop()
		return nil, nil, outside("watch pods", err)
	}
	return workloads, pods, nil
}

func (c *Cluster) watchWorkload(ctx context.Context, o Object) (watch.Interface, error) {
	one := metav1.ListOptions{FieldSelector: "metadata.name=" + o.Name}
	switch o.Kind {
	case "Deployment":
		return c.client.AppsV1().Deployments(o.Namespace).Watch(ctx, one)
	case "StatefulSet":
		return c.client.AppsV1().StatefulSets(o.Namespace).Watch(ctx, one)
	default:
		return c.client.AppsV1().DaemonSets(o.Namespace).Watch(ctx, one)
	}
}

// errStreamEnds means that the API server ended a watch, as it does after some minutes: begin again.
var errStreamEnds = errors.New("the watch ended")

// rolloutView is what the watches have shown so far.
type rolloutView struct {
	cluster *Cluster
	known   bool
	now     Workload
	pods    map[types.UID]*corev1.Pod
	// owner is the ReplicaSet of the newest revision of a Deployment.
	owner types.UID
	// ownedRevision is the revision that owner belongs to.
	ownedRevision string
}

func (v *rolloutView) workloadEvent(ctx context.Context, e watch.Event) error {
	if err := endOf(e); err != nil {
		return err
	}
	switch o := e.Object.(type) {
	case *appsv1.Deployment:
		v.now = ofDeployment(o)
	case *appsv1.StatefulSet:
		v.now = ofStatefulSet(o)
	case *appsv1.DaemonSet:
		v.now = ofDaemonSet(o)
	default:
		return nil
	}
	v.known = e.Type != watch.Deleted
	return v.findOwner(ctx)
}

// findOwner finds the ReplicaSet of a Deployment's newest revision, once a revision.
func (v *rolloutView) findOwner(ctx context.Context) error {
	if v.now.Kind != "Deployment" || v.now.revision == v.ownedRevision || v.now.revision == "" {
		return nil
	}
	sets, err := v.cluster.client.AppsV1().ReplicaSets(v.now.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(v.now.selector),
	})
	if err != nil {
		return outside("list replicasets", err)
	}
	for i := range sets.Items {
		rs := &sets.Items[i]
		owner := metav1.GetControllerOf(rs)
		if owner != nil && owner.Name == v.now.Name && rs.Annotations["deployment.kubernetes.io/revision"] == v.now.revision {
			v.owner, v.ownedRevision = rs.UID, v.now.revision
		}
	}
	return nil
}

func (v *rolloutView) podEvent(e watch.Event) error {
	if err := endOf(e); err != nil {
		return err
	}
	p, isPod := e.Object.(*corev1.Pod)
	if !isPod {
		return nil
	}
	if e.Type == watch.Deleted {
		delete(v.pods, p.UID)
	} else {
		v.pods[p.UID] = p
	}
	return nil
}

// endOf is why a watch has ended: one that is closed gives an event without a type.
func endOf(e watch.Event) error {
	if e.Type == "" {
		return errStreamEnds
	}
	if e.Type != watch.Error {
		return nil
	}
	err := apierrors.FromObject(e.Object)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return errStreamEnds
	}
	return fmt.Errorf("watch: %w", errors.Join(ErrUnreachable, err))
}

func (v *rolloutView) rollout() Rollout {
	w := v.now
	r := Rollout{Generation: w.Generation, Desired: w.Desired, Updated: w.Updated, Ready: w.Ready, Complete: w.rolledOut()}
	if w.Observed < w.Generation || r.Complete {
		return r // what the status says is of an earlier manifest, or all is well
	}
	r.Failure = v.failure()
	return r
}

func (v *rolloutView) failure() *Failure {
	switch {
	case v.now.refused != "":
		return &Failure{Code: NotMade, Reason: "ReplicaFailure", Message: v.now.refused}
	case v.now.overdue != "":
		return &Failure{Code: TooLate, Reason: "ProgressDeadlineExceeded", Message: v.now.overdue}
	}
	newest := slices.SortedFunc(maps.Values(v.pods), func(a, b *corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for _, p := range newest {
		if f := failureOf(p); f != nil && v.isCurrent(p) {
			return f
		}
	}
	return nil
}

// isCurrent reports whether a pod is of the workload's newest revision.
func (v *rolloutView) isCurrent(p *corev1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	if owner == nil {
		return false
	}
	switch v.now.Kind {
	case "Deployment":
		return owner.UID == v.owner
	case "StatefulSet":
		return owner.Name == v.now.Name && p.Labels[appsv1.ControllerRevisionHashLabelKey] == v.now.revision
	default:
		return owner.Name == v.now.Name && p.Labels["pod-template-generation"] == v.now.revision
	}
}
