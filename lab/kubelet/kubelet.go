// Package kubelet plays the kubelets of the lab's nodes for all that concerns pods: it pulls images as far as the
// registry and the pull secrets in the cluster allow it, looks for what a container refers to, lets containers start,
// fail and end, and writes the states and events that a kubelet writes. Nothing runs; KWOK keeps the nodes alive.
package kubelet

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"

	"rtbot/lab/cluster"
	"rtbot/lab/pull"
)

// workers is how many pods are worked on at the same time.
const workers = 16

// Kubelet is the kubelet of every node. New makes it.
type Kubelet struct {
	client  kubernetes.Interface
	puller  *pull.Puller
	now     func() time.Time
	factory informers.SharedInformerFactory
	pods    corelisters.PodLister
	nodes   corelisters.NodeLister
	queue   workqueue.TypedRateLimitingInterface[types.NamespacedName]
	events  record.EventBroadcaster

	mu        sync.Mutex
	pace      Pace
	known     map[types.NamespacedName]*pod
	recorders map[string]record.EventRecorder
	addresses int
}

// New makes a Kubelet for a cluster.
func New(client kubernetes.Interface, puller *pull.Puller, now func() time.Time) *Kubelet {
	factory := informers.NewSharedInformerFactory(client, 0)
	return &Kubelet{
		client: client, puller: puller, now: now, factory: factory, pace: Quick,
		pods: factory.Core().V1().Pods().Lister(), nodes: factory.Core().V1().Nodes().Lister(),
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[types.NamespacedName]()),
		events: record.NewBroadcaster(),
		known:  map[types.NamespacedName]*pod{}, recorders: map[string]record.EventRecorder{},
	}
}

// Run works until the context ends.
func (k *Kubelet) Run(ctx context.Context) error {
	k.events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: k.client.CoreV1().Events("")})
	defer k.events.Shutdown()
	if _, err := k.factory.Core().V1().Pods().Informer().AddEventHandler(k.handler()); err != nil {
		return fmt.Errorf("watch the pods: %w", err)
	}
	k.factory.Start(ctx.Done())
	defer k.factory.Shutdown()
	k.factory.WaitForCacheSync(ctx.Done())
	stop := context.AfterFunc(ctx, k.queue.ShutDown)
	defer stop()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for k.next(ctx) {
			}
		})
	}
	all.Wait()
	return ctx.Err()
}

func (k *Kubelet) handler() cache.ResourceEventHandler {
	add := func(o any) {
		if p, ok := o.(*corev1.Pod); ok && p.Spec.NodeName != "" {
			k.queue.Add(types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, o any) { add(o) },
		DeleteFunc: func(o any) {
			if name, err := cache.DeletionHandlingObjectToName(o); err == nil {
				k.forget(types.NamespacedName{Namespace: name.Namespace, Name: name.Name})
			}
		},
	}
}

// next looks after one pod, and again when there is something more to do.
func (k *Kubelet) next(ctx context.Context) bool {
	name, shutdown := k.queue.Get()
	if shutdown {
		return false
	}
	defer k.queue.Done(name)
	again, err := k.look(ctx, name)
	if err != nil {
		k.queue.AddRateLimited(name)
		return true
	}
	k.queue.Forget(name)
	if again > 0 {
		k.queue.AddAfter(name, again)
	}
	return true
}

// look does what a pod needs and says after what time it needs more.
func (k *Kubelet) look(ctx context.Context, name types.NamespacedName) (time.Duration, error) {
	object, err := k.pods.Pods(name.Namespace).Get(name.Name)
	if err != nil {
		return 0, nil //nolint:nilerr // it is gone, and so is the work
	}
	node, err := k.nodes.Get(object.Spec.NodeName)
	if err != nil || node.Annotations[cluster.Stopped] != "" {
		return time.Second, nil //nolint:nilerr // a node that is not there has no kubelet either
	}
	switch {
	case object.DeletionTimestamp != nil:
		return 0, k.end(ctx, object)
	case object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed:
		return 0, nil
	}
	p := k.remembered(name, object)
	again := p.advance(ctx, object)
	return again, k.report(ctx, object, p.status(object))
}

// remembered is what has become of the pod so far; one of the same name that is gone does not count.
func (k *Kubelet) remembered(name types.NamespacedName, object *corev1.Pod) *pod {
	k.mu.Lock()
	defer k.mu.Unlock()
	p, ok := k.known[name]
	if !ok || p.uid != object.UID {
		k.addresses++
		p = newPod(k, object, k.addresses)
		k.known[name] = p
	}
	return p
}

func (k *Kubelet) forget(name types.NamespacedName) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.known, name)
}

// event writes one as the kubelet of the pod's node. What it is about can be one container.
func (k *Kubelet) event(object *corev1.Pod, kind, reason, message string, field string) {
	about := &corev1.ObjectReference{
		APIVersion: "v1", Kind: "Pod", Namespace: object.Namespace, Name: object.Name, UID: object.UID,
		ResourceVersion: object.ResourceVersion, FieldPath: field,
	}
	k.recorder(object.Spec.NodeName).Event(about, kind, reason, message)
}

func (k *Kubelet) recorder(node string) record.EventRecorder {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, ok := k.recorders[node]
	if !ok {
		r = k.events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: node})
		k.recorders[node] = r
	}
	return r
}

// end takes a pod away that is to go. One with finalizers stays, with its containers ended, until somebody removes them.
func (k *Kubelet) end(ctx context.Context, object *corev1.Pod) error {
	if len(object.Finalizers) > 0 {
		if err := k.report(ctx, object, ended(object, stamp(k.now()))); err != nil {
			return err
		}
	}
	none := int64(0)
	err := k.client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &none, Preconditions: &metav1.Preconditions{UID: &object.UID},
	})
	return ignoreGone(err)
}
