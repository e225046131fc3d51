package argo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"rtbot/lab/cluster"
)

// State is what an Application says of itself.
type State struct {
	Name string
	// Sync is "Synced" or "OutOfSync", Health is "Healthy" and so on, Operation is the phase of the last sync.
	Sync, Health, Operation string
}

// Add makes the Applications that a folder declares, with the repository that is really there.
func Add(ctx context.Context, c cluster.Clients, files fs.FS, folder, repository string) error {
	applications, err := cluster.Read(files, folder)
	if err != nil {
		return err
	}
	if len(applications) == 0 {
		return fmt.Errorf("%s declares no Applications", folder)
	}
	for _, a := range applications {
		if err := unstructured.SetNestedField(a.Object, repository, "spec", "source", "repoURL"); err != nil {
			return fmt.Errorf("point %s at the repository: %w", a.GetName(), err)
		}
	}
	return c.Apply(ctx, cluster.Manager, applications)
}

// States are those of all Applications, by name.
func States(ctx context.Context, c cluster.Clients) ([]State, error) {
	resource := schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	list, err := c.Dynamic.Resource(resource).Namespace(Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	states := make([]State, 0, len(list.Items))
	for i := range list.Items {
		states = append(states, state(&list.Items[i]))
	}
	return states, nil
}

func state(a *unstructured.Unstructured) State {
	field := func(path ...string) string {
		value, _, _ := unstructured.NestedString(a.Object, append([]string{"status"}, path...)...)
		return value
	}
	return State{
		Name: a.GetName(),
		Sync: field("sync", "status"), Health: field("health", "status"), Operation: field("operationState", "phase"),
	}
}

// Settled says which Application has not finished its first sync or is not healthy.
func Settled(states []State) error {
	if len(states) == 0 {
		return errors.New("there are no Applications")
	}
	for _, s := range states {
		if s.Sync != "Synced" || s.Health != "Healthy" || s.Operation != "Succeeded" {
			return fmt.Errorf("%s is %q and %q, its sync %q", s.Name, s.Sync, s.Health, s.Operation)
		}
	}
	return nil
}
