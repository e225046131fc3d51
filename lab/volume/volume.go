// Package volume gives a volume to each claim of the lab's storage classes and removes the volumes that nobody has
// any more. It knows the API server only; there is no storage behind it.
package volume

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Provisioner is the name that the storage classes call the controller by.
const Provisioner = "rt.lab/volume"

// provisionedBy tells Kubernetes that removing the volume is not its own work.
const provisionedBy = "pv.kubernetes.io/provisioned-by"

// resync is how often everything is looked at again.
const resync = time.Minute

// Controller keeps claims and volumes together. New makes it.
type Controller struct {
	client  kubernetes.Interface
	factory informers.SharedInformerFactory
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	queue   workqueue.TypedRateLimitingInterface[key]
}

// key names a claim, or a volume where there is no namespace.
type key struct{ namespace, name string }

// New makes a Controller for a cluster.
func New(client kubernetes.Interface) *Controller {
	factory := informers.NewSharedInformerFactory(client, resync)
	c := &Controller{
		client: client, factory: factory,
		claims:  factory.Core().V1().PersistentVolumeClaims().Lister(),
		volumes: factory.Core().V1().PersistentVolumes().Lister(),
		classes: factory.Storage().V1().StorageClasses().Lister(),
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[key]()),
	}
	return c
}

// Run works until the context ends.
func (c *Controller) Run(ctx context.Context) error {
	core := c.factory.Core().V1()
	for _, informer := range []cache.SharedInformer{core.PersistentVolumeClaims().Informer(), core.PersistentVolumes().Informer()} {
		if _, err := informer.AddEventHandler(c.handler()); err != nil {
			return fmt.Errorf("watch claims and volumes: %w", err)
		}
	}
	c.factory.Start(ctx.Done())
	defer c.factory.Shutdown()
	c.factory.WaitForCacheSync(ctx.Done())
	stop := context.AfterFunc(ctx, c.queue.ShutDown)
	defer stop()
	for c.next(ctx) {
	}
	return ctx.Err()
}

func (c *Controller) handler() cache.ResourceEventHandler {
	add := func(o any) {
		if object, ok := o.(metav1.Object); ok {
			c.queue.Add(key{namespace: object.GetNamespace(), name: object.GetName()})
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }}
}

// next does one piece of work, and again later where it could not be done.
func (c *Controller) next(ctx context.Context) bool {
	k, shutdown := c.queue.Get()
	if shutdown {
		return false
	}
	defer c.queue.Done(k)
	if err := c.work(ctx, k); err != nil {
		c.queue.AddRateLimited(k)
		return true
	}
	c.queue.Forget(k)
	return true
}

func (c *Controller) work(ctx context.Context, k key) error {
	if k.namespace == "" {
		return c.reclaim(ctx, k.name)
	}
	return c.provide(ctx, k)
}

// provide makes the volume of a claim that waits for one.
func (c *Controller) provide(ctx context.Context, k key) error {
	claim, err := c.claims.PersistentVolumeClaims(k.namespace).Get(k.name)
	if err != nil {
		return ignoreMissing(err)
	}
	class, err := c.class(claim)
	if err != nil || class == nil {
		return err
	}
	_, err = c.client.CoreV1().PersistentVolumes().Create(ctx, volumeFor(claim, class), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// class gives the storage class of a claim that waits for a volume of ours, or nothing.
func (c *Controller) class(claim *corev1.PersistentVolumeClaim) (*storagev1.StorageClass, error) {
	waits := claim.Status.Phase == corev1.ClaimPending && claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil
	if !waits || claim.Spec.StorageClassName == nil {
		return nil, nil
	}
	class, err := c.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	if class.Provisioner != Provisioner {
		return nil, nil
	}
	return class, nil
}

// reclaim removes a volume whose claim is gone, unless its class keeps it.
func (c *Controller) reclaim(ctx context.Context, name string) error {
	volume, err := c.volumes.Get(name)
	if err != nil {
		return ignoreMissing(err)
	}
	if !abandoned(volume) {
		return nil
	}
	return ignoreMissing(c.client.CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{}))
}

func abandoned(v *corev1.PersistentVolume) bool {
	return v.Annotations[provisionedBy] == Provisioner && v.Status.Phase == corev1.VolumeReleased &&
		v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete && v.DeletionTimestamp == nil
}

// volumeFor is a volume that only this claim can have.
func volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *corev1.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	v := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:         corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:      slices.Clone(claim.Spec.AccessModes),
			StorageClassName: class.Name,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: "/var/lib/rt-lab/" + name},
			},
		},
	}
	if class.ReclaimPolicy != nil {
		v.Spec.PersistentVolumeReclaimPolicy = *class.ReclaimPolicy
	}
	return v
}

// ignoreMissing takes an object that is gone for work that is done.
func ignoreMissing(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
