package k8sops

import (
	"context"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"rtbot/k8sops/diagnose"
	"rtbot/k8sops/registry"
)

// registryAsker asks whether a registry gives an image to these credentials.
type registryAsker interface {
	Allowed(image string) bool
	Ask(ctx context.Context, q registry.Question) registry.Answer
}

// Explanation is why a pod or an app does not run.
type Explanation struct {
	// App and Pod are who it is about; Pod is empty where there is none to look at.
	App       string
	Namespace string
	Pod       string
	// Desired is how many pods the app is to have.
	Desired int32
	// Pods is how many pods the app has, and Sharing how many of them have the same trouble as this one.
	Pods    int
	Sharing int
	// Running tells that the pod is ready: findings are then about what was, or may come back.
	Running bool
	// Findings are the most likely first; none where nothing is wrong.
	Findings []diagnose.Finding
	Unread   []diagnose.Unread
}

// mostExplained bounds how many pods of an app are looked at to find the worst.
const mostExplained = 500

// ExplainApp explains the worst pod of a workload, in three rounds of parallel reads and at most eight calls.
func (c *Cluster) ExplainApp(ctx context.Context, o Object) (Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	g := c.gather()
	if err := g.workload(ctx, o); err != nil {
		return Explanation{}, err
	}
	return g.explainWorkload(ctx)
}

// explainWorkload goes on from a workload that was read.
func (g *gathering) explainWorkload(ctx context.Context) (Explanation, error) {
	namespace := g.namespace()
	pods, err := g.podsOf(ctx, namespace)
	if err != nil {
		return Explanation{}, err
	}
	worst, sharing := worstOf(pods, g.snapshot.At)
	if worst != nil {
		g.snapshot.Pod = worst
	}
	g.around(ctx)
	e := g.explanation(ctx)
	e.Namespace, e.Desired, e.Pods, e.Sharing = namespace, g.desired(), len(pods), sharing
	return e, nil
}

// ExplainName explains whatever has that name: a pod, or a workload that no Application tracks. A namespace that is empty
// means any of the cluster's. It costs at most eight calls in three rounds; a StatefulSet or a DaemonSet that nobody tracks
// costs one round more.
func (c *Cluster) ExplainName(ctx context.Context, namespace, name string) (Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	namespaces := c.namespaces
	if namespace != "" {
		namespaces = []string{namespace}
	}
	g := c.gather()
	err := g.named(ctx, namespaces, name)
	if errors.Is(err, ErrNotFound) {
		g = c.gather()
		err = g.otherNamed(ctx, namespaces, name)
	}
	if err != nil {
		return Explanation{}, err
	}
	if g.snapshot.Pod == nil {
		return g.explainWorkload(ctx)
	}
	g.around(ctx)
	e := g.explanation(ctx)
	e.Desired, e.Pods, e.Sharing = 1, 1, 1
	return e, nil
}

// explanation asks the registry where a pull fails, and decides.
func (g *gathering) explanation(ctx context.Context) Explanation {
	g.askRegistry(ctx)
	return explanationOf(g.snapshot)
}

func explanationOf(s diagnose.Snapshot) Explanation {
	e := Explanation{App: s.App(), Findings: diagnose.Explain(s), Unread: s.Unread}
	if s.Pod != nil {
		e.Pod, e.Namespace, e.Running = s.Pod.Name, s.Pod.Namespace, isReady(s.Pod)
	}
	return e
}

// desired is how many pods the workload is to have.
func (g *gathering) desired() int32 {
	switch s := g.snapshot; {
	case s.Deployment != nil:
		return orOne(s.Deployment.Spec.Replicas)
	case s.StatefulSet != nil:
		return orOne(s.StatefulSet.Spec.Replicas)
	case s.DaemonSet != nil:
		return s.DaemonSet.Status.DesiredNumberScheduled
	}
	return 1
}

// worstOf picks the pod to explain, by what the pods say of themselves: one that does not run before one that does, the
// newest first. It counts those that have the same trouble.
func worstOf(pods []corev1.Pod, at time.Time) (worst *corev1.Pod, sharing int) {
	if len(pods) == 0 {
		return nil, 0
	}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	troubles := make([]diagnose.Code, len(pods))
	for i := range pods {
		if found := diagnose.Explain(diagnose.Snapshot{At: at, Pod: &pods[i]}); len(found) > 0 {
			troubles[i] = found[0].Code
		}
	}
	worstAt := slices.IndexFunc(troubles, func(c diagnose.Code) bool { return c != "" })
	if worstAt < 0 {
		worstAt = max(0, slices.IndexFunc(pods, func(p corev1.Pod) bool { return !isReady(&p) }))
	}
	for i := range pods {
		if troubles[i] == troubles[worstAt] && isReady(&pods[i]) == isReady(&pods[worstAt]) {
			sharing++
		}
	}
	return &pods[worstAt], sharing
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// whyUnread is why something could not be read, in one word.
func whyUnread(err error) string {
	switch {
	case errors.Is(err, ErrForbidden):
		return "forbidden"
	case errors.Is(err, ErrNotFound):
		return "not-found"
	}
	return "unreachable"
}
