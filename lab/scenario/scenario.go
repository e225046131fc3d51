// Package scenario makes and undoes the ways in which a pod does not run, in a lab that is up. Each of them is a state of
// the cluster and of the registry that is really so; what is to be found out about it stands in the table.
package scenario

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"rtbot/lab/kubelet"
	"rtbot/lab/part"
	"rtbot/lab/pull"
	"rtbot/lab/registry"
)

// namespace is where the apps are.
const namespace = "rt"

// Scenario is one way to fail.
type Scenario struct {
	Name string `json:"name"`
	// App is what does not run then.
	App string `json:"app"`
	// Code is the class of what is seen, and Reason the root cause.
	Code   string `json:"code"`
	Reason string `json:"reason"`
	// Why says it in a few words.
	Why string `json:"why"`

	make  func(context.Context, *World) error
	shows check
	undo  func(context.Context, *World) error
}

// check says why the state is not there yet.
type check func(context.Context, *World) error

// World is what a scenario can touch.
type World struct {
	Client   kubernetes.Interface
	Registry *registry.Registry
	Puller   *pull.Puller
	Kubelet  *kubelet.Kubelet
	// PullSecret makes the pull secret so, with its labels.
	PullSecret func(ctx context.Context, config []byte) error
	// Right is what the pull secret has in it when all is well.
	Right []byte
	// Untrusted is the URL of a registry whose certificate nobody trusts.
	Untrusted string
}

// UnknownError means that there is no scenario of that name.
type UnknownError struct{ Name string }

// Error names it.
func (e *UnknownError) Error() string { return fmt.Sprintf("there is no scenario %q", e.Name) }

// All are the scenarios, in the order of the guide and then of a pod's life.
func All() []Scenario {
	return slices.Concat(secrets(), images(), containers(), scheduling(), references(), lifecycle())
}

// Break makes a scenario and waits until it shows.
func Break(ctx context.Context, w *World, name string) (Scenario, error) {
	s, err := find(name)
	if err != nil {
		return s, err
	}
	if err := s.make(ctx, w); err != nil {
		return s, fmt.Errorf("break %s: %w", name, err)
	}
	if err := part.Until(ctx, func(ctx context.Context) error { return s.shows(ctx, w) }); err != nil {
		return s, fmt.Errorf("wait until %s shows: %w", name, err)
	}
	return s, nil
}

// Mend undoes a scenario and waits until nothing is left of it.
func Mend(ctx context.Context, w *World, name string) (Scenario, error) {
	s, err := find(name)
	if err != nil {
		return s, err
	}
	if err := s.undo(ctx, w); err != nil {
		return s, fmt.Errorf("mend %s: %w", name, err)
	}
	return s, nil
}

func find(name string) (Scenario, error) {
	all := All()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, &UnknownError{Name: name}
	}
	return all[i], nil
}

// own is a scenario with an app of its own, which goes away when it is mended. The app is named after the scenario.
func own(s Scenario, change func(*app)) Scenario {
	s.App, s.Reason = "break-"+s.Name, s.Name
	s.make = func(ctx context.Context, w *World) error { return w.create(ctx, s.App, change) }
	s.undo = func(ctx context.Context, w *World) error { return w.remove(ctx, s.App) }
	return s
}

// and adds to what is done before an app is made, and after it has gone.
func (s Scenario) and(before, after func(context.Context, *World) error) Scenario {
	doIt, undo := s.make, s.undo
	s.make = func(ctx context.Context, w *World) error {
		if err := before(ctx, w); err != nil {
			return err
		}
		return doIt(ctx, w)
	}
	s.undo = func(ctx context.Context, w *World) error {
		if err := undo(ctx, w); err != nil {
			return err
		}
		return after(ctx, w)
	}
	return s
}

// then adds to what is done once the app runs.
func (s Scenario) then(more func(context.Context, *World) error) Scenario {
	doIt, name := s.make, s.App
	s.make = func(ctx context.Context, w *World) error {
		if err := doIt(ctx, w); err != nil {
			return err
		}
		if err := part.Until(ctx, func(ctx context.Context) error { return ready(name)(ctx, w) }); err != nil {
			return err
		}
		return more(ctx, w)
	}
	return s
}

// each gives the first pod of an app that a test is content with, or why none is.
func (w *World) each(ctx context.Context, name string, test func(*corev1.Pod) error) error {
	pods, err := w.pods(ctx, name)
	if err != nil {
		return err
	}
	err = fmt.Errorf("%s has no pod", name)
	for i := range pods {
		if err = test(&pods[i]); err == nil {
			return nil
		}
	}
	return err
}
