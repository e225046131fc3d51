package kubelet

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"rtbot/lab/pull"
)

// container is what has become of one container so far.
type container struct {
	pod  *pod
	spec *corev1.Container
	init bool

	image    pull.Image
	state    corev1.ContainerState
	last     corev1.ContainerState
	ready    bool
	restarts int32
	// began is when it was started, more precisely than its state says.
	began time.Time
	// failures are the pulls that failed one after the other; until is when there is something to do again.
	failures int
	failure  string
	until    time.Time
}

// over says whether the container has done its work, or in the case of one that stays beside the others, runs.
func (c *container) over() bool {
	if c.stays() {
		return c.state.Running != nil
	}
	return c.state.Terminated != nil && c.state.Terminated.ExitCode == 0
}

// advance takes the container as far as it gets now, and says when to look again.
func (c *container) advance(ctx context.Context, object *corev1.Pod) time.Duration {
	now := c.pod.kubelet.now()
	switch {
	case c.over() && c.state.Terminated != nil:
		return 0
	case c.state.Running != nil:
		return c.run(object, now)
	case now.Before(c.until):
		return c.until.Sub(now)
	case c.image.Name == "":
		if again := c.pull(ctx, object, now); again > 0 {
			return again
		}
	}
	if err := c.pod.kubelet.configured(ctx, object, c.spec); err != nil {
		c.wait("CreateContainerConfigError", err.Error())
		c.event(object, corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
		c.until = now.Add(missing)
		return missing
	}
	return c.start(object, now)
}

// pull tries to get the image. A failure shows its own error for a moment, and that the kubelet waits from then on.
func (c *container) pull(ctx context.Context, object *corev1.Pod, now time.Time) time.Duration {
	if c.failure != "" && c.state.Waiting != nil && c.state.Waiting.Reason == "ErrImagePull" {
		return c.backOff(object, now)
	}
	k := c.pod.kubelet
	image, err := k.puller.Pull(ctx, c.spec.Image, k.credentials(ctx, object))
	if errors.Is(err, pull.ErrInvalidName) {
		message := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", c.spec.Image, c.spec.Image, err)
		c.wait("InvalidImageName", message)
		c.event(object, corev1.EventTypeWarning, "InspectFailed", message)
		c.until = now.Add(probes)
		return probes
	}
	if err != nil || image.Fresh {
		c.event(object, corev1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", c.spec.Image))
	}
	if err != nil {
		c.failures++
		c.failure = err.Error()
		c.wait("ErrImagePull", c.failure)
		c.event(object, corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", c.spec.Image, c.failure))
		c.event(object, corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		c.until = now.Add(shown)
		return shown
	}
	if image.Fresh {
		took := k.now().Sub(now).Round(time.Millisecond)
		c.event(object, corev1.EventTypeNormal, "Pulled", fmt.Sprintf(
			"Successfully pulled image %q in %s (%s including waiting). Image size: %d bytes.", c.spec.Image, took, took, image.Size))
	}
	c.image, c.failures, c.failure = image, 0, ""
	return 0
}

func (c *container) backOff(object *corev1.Pod, now time.Time) time.Duration {
	again := c.pod.kubelet.wait(c.failures)
	c.until = now.Add(again)
	back := fmt.Sprintf("Back-off pulling image %q", c.spec.Image)
	c.wait("ImagePullBackOff", back+": ErrImagePull: "+c.failure)
	c.event(object, corev1.EventTypeNormal, "BackOff", back)
	c.event(object, corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
	return again
}

func (c *container) start(object *corev1.Pod, now time.Time) time.Duration {
	c.began = now
	c.state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: stamp(now)}}
	if object.Annotations[Behaves] != "" {
		c.event(object, corev1.EventTypeNormal, "Created", "Created container: "+c.spec.Name)
		c.event(object, corev1.EventTypeNormal, "Started", "Started container "+c.spec.Name)
	}
	return c.run(object, now)
}

// run lets a container be ready, fail its probe, or end.
func (c *container) run(object *corev1.Pod, now time.Time) time.Duration {
	if end, ends := fateOf(object, c.init); ends && !c.stays() {
		return c.meet(object, end, now)
	}
	if object.Annotations[Behaves] == NotReady && !c.init {
		return c.probe(object, now)
	}
	c.ready = true
	return 0
}

// stays says whether an init container runs beside the others.
func (c *container) stays() bool {
	return c.init && c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// meet ends a container: at once when its work is done, after a while when it fails.
func (c *container) meet(object *corev1.Pod, end fate, now time.Time) time.Duration {
	if end.code == 0 {
		c.terminate(end, now)
		return 0
	}
	if now.Sub(c.began) < runs {
		return runs
	}
	return c.crash(object, end, now)
}

func (c *container) terminate(end fate, now time.Time) {
	started := stamp(now)
	if c.state.Running != nil {
		started = c.state.Running.StartedAt
	}
	c.ready = false
	c.state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: end.code, Reason: end.reason, StartedAt: started, FinishedAt: stamp(now), ContainerID: c.id(),
	}}
}

// crash ends a container that has to be started again later.
func (c *container) crash(object *corev1.Pod, end fate, now time.Time) time.Duration {
	c.terminate(end, now)
	c.last = c.state
	c.restarts++
	again := c.pod.kubelet.wait(int(c.restarts))
	c.until = now.Add(again)
	c.wait("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
		again, c.spec.Name, object.Name, object.Namespace, object.UID))
	c.event(object, corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)",
		c.spec.Name, object.Name, object.Namespace, object.UID))
	return again
}

func (c *container) probe(object *corev1.Pod, now time.Time) time.Duration {
	c.ready = false
	if left := c.until.Sub(now); left > 0 {
		return left
	}
	c.until = now.Add(probes)
	c.event(object, corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	return probes
}

func (c *container) wait(reason, message string) {
	c.ready = false
	c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func (c *container) event(object *corev1.Pod, kind, reason, message string) {
	list := "containers"
	if c.init {
		list = "initContainers"
	}
	c.pod.kubelet.event(object, kind, reason, message, fmt.Sprintf("spec.%s{%s}", list, c.spec.Name))
}
