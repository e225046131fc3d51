package k8sops

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops/diagnose"
	"rtbot/k8sops/registry"
)

// mostCalls is how many calls one explanation may cost the API server.
const mostCalls = 8

// gathering reads what one explanation needs, a round of parallel reads after the other. What cannot be read is noted,
// and the explanation goes on without it.
type gathering struct {
	*Cluster

	mu       sync.Mutex
	calls    int
	snapshot diagnose.Snapshot
	// keyrings are the opened pull secrets, which never leave this package.
	keyrings map[string]registry.Keyring
}

func (c *Cluster) gather() *gathering {
	return &gathering{Cluster: c, snapshot: diagnose.Snapshot{At: c.now()}, keyrings: map[string]registry.Keyring{}}
}

// lookup is one read of a round. It returns a function that puts what was read in place.
type lookup struct {
	what string
	do   func(ctx context.Context) (func(*diagnose.Snapshot), error)
}

// round does reads in parallel, as many as there are calls left.
func (g *gathering) round(ctx context.Context, readings ...lookup) map[string]error {
	failed := map[string]error{}
	var all sync.WaitGroup
	for _, r := range readings {
		if g.calls == mostCalls {
			g.snapshot.Unread = append(g.snapshot.Unread, diagnose.Unread{What: r.what, Why: "too-many"})
			continue
		}
		g.calls++
		all.Go(func() {
			put, err := r.do(ctx)
			g.mu.Lock()
			defer g.mu.Unlock()
			if err != nil {
				failed[r.what] = err
				return
			}
			put(&g.snapshot)
		})
	}
	all.Wait()
	return failed
}

// note records what a round could not read. What is not there was read: it is not there.
func (g *gathering) note(failed map[string]error) {
	for what, err := range failed {
		if !errors.Is(err, ErrNotFound) {
			g.snapshot.Unread = append(g.snapshot.Unread, diagnose.Unread{What: what, Why: whyUnread(err)})
		}
	}
	slices.SortFunc(g.snapshot.Unread, func(a, b diagnose.Unread) int { return strings.Compare(a.What, b.What) })
}

// one turns a read of a typed client into a lookup.
func one[T any](what string, get func(context.Context) (T, error), put func(*diagnose.Snapshot, T)) lookup {
	return lookup{what: what, do: func(ctx context.Context) (func(*diagnose.Snapshot), error) {
		got, err := get(ctx)
		if err != nil {
			return nil, outside("read "+what, err)
		}
		return func(s *diagnose.Snapshot) { put(s, got) }, nil
	}}
}

func (g *gathering) deployment(namespace, name string) lookup {
	return one("deployment", func(ctx context.Context) (*appsv1.Deployment, error) {
		return g.client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, d *appsv1.Deployment) { s.Deployment = d })
}

func (g *gathering) statefulSet(namespace, name string) lookup {
	return one("statefulset", func(ctx context.Context) (*appsv1.StatefulSet, error) {
		return g.client.AppsV1().StatefulSets(namespace).Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, o *appsv1.StatefulSet) { s.StatefulSet = o })
}

func (g *gathering) daemonSet(namespace, name string) lookup {
	return one("daemonset", func(ctx context.Context) (*appsv1.DaemonSet, error) {
		return g.client.AppsV1().DaemonSets(namespace).Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, o *appsv1.DaemonSet) { s.DaemonSet = o })
}

// workload is the first round for an app.
func (g *gathering) workload(ctx context.Context, o Object) error {
	var r lookup
	switch o.Kind {
	case "Deployment":
		r = g.deployment(o.Namespace, o.Name)
	case "StatefulSet":
		r = g.statefulSet(o.Namespace, o.Name)
	case "DaemonSet":
		r = g.daemonSet(o.Namespace, o.Name)
	default:
		return ErrNotFound
	}
	return g.round(ctx, r)[r.what]
}

// podsOf is the second round for an app: its pods, and for a Deployment its ReplicaSets.
func (g *gathering) podsOf(ctx context.Context, namespace string) ([]corev1.Pod, error) {
	selector := metav1.FormatLabelSelector(g.selector())
	var pods []corev1.Pod
	readings := []lookup{one("pods", func(ctx context.Context) (*corev1.PodList, error) {
		return g.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: mostExplained})
	}, func(_ *diagnose.Snapshot, l *corev1.PodList) { pods = l.Items })}
	if g.snapshot.Deployment != nil {
		readings = append(readings, one("replicasets", func(ctx context.Context) (*appsv1.ReplicaSetList, error) {
			return g.client.AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		}, func(s *diagnose.Snapshot, l *appsv1.ReplicaSetList) { s.ReplicaSet = newestOf(l.Items, s.Deployment) }))
	}
	failed := g.round(ctx, readings...)
	if err := failed["pods"]; err != nil {
		return nil, err
	}
	g.note(failed)
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded }), nil
}

func (g *gathering) selector() *metav1.LabelSelector {
	switch s := g.snapshot; {
	case s.Deployment != nil:
		return s.Deployment.Spec.Selector
	case s.StatefulSet != nil:
		return s.StatefulSet.Spec.Selector
	case s.DaemonSet != nil:
		return s.DaemonSet.Spec.Selector
	}
	return nil
}

// newestOf is the ReplicaSet of a Deployment's newest revision.
func newestOf(sets []appsv1.ReplicaSet, d *appsv1.Deployment) *appsv1.ReplicaSet {
	for i := range sets {
		owner := metav1.GetControllerOf(&sets[i])
		const revision = "deployment.kubernetes.io/revision"
		if owner != nil && owner.UID == d.UID && sets[i].Annotations[revision] == d.Annotations[revision] {
			return &sets[i]
		}
	}
	return nil
}

// namespace is where the workload is.
func (g *gathering) namespace() string {
	switch s := g.snapshot; {
	case s.Deployment != nil:
		return s.Deployment.Namespace
	case s.StatefulSet != nil:
		return s.StatefulSet.Namespace
	case s.DaemonSet != nil:
		return s.DaemonSet.Namespace
	}
	return ""
}

// named is the first round for a name of which nothing is known: a pod's or a Deployment's, in each namespace.
func (g *gathering) named(ctx context.Context, namespaces []string, name string) error {
	var lookups []lookup
	for _, ns := range namespaces {
		lookups = append(lookups, g.podNamed(ns, name), g.deployment(ns, name))
	}
	return g.anyOf(ctx, lookups)
}

// otherNamed looks for the kinds of workloads that are seldom meant.
func (g *gathering) otherNamed(ctx context.Context, namespaces []string, name string) error {
	var lookups []lookup
	for _, ns := range namespaces {
		lookups = append(lookups, g.statefulSet(ns, name), g.daemonSet(ns, name))
	}
	return g.anyOf(ctx, lookups)
}

// anyOf is a round of which one lookup has to find something.
func (g *gathering) anyOf(ctx context.Context, lookups []lookup) error {
	failed := g.round(ctx, lookups...)
	s := g.snapshot
	if s.Pod != nil || g.selector() != nil {
		return nil
	}
	for _, err := range failed {
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return ErrNotFound
}

func (g *gathering) podNamed(namespace, name string) lookup {
	return one("pod", func(ctx context.Context) (*corev1.Pod, error) {
		return g.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, p *corev1.Pod) { s.Pod = p })
}

// readTimeOfLog bounds the read of a log, which streams.
const readTimeOfLog = 3 * time.Second
