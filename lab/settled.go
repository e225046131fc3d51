package lab

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"rtbot/lab/argo"
	"rtbot/lab/cluster"
	"rtbot/lab/part"
)

// appNamespace is where the apps are, and earlyApp the one that cannot pull its image.
const (
	appNamespace = "rt"
	earlyApp     = "mon-app"
)

// settled says which Application has not finished its first sync, or is not healthy although it could be.
func settled(states []argo.State) error {
	for i := range states {
		if states[i].Name == seedLayer && states[i].Health != "" {
			states[i].Health = "Healthy" // it never is, because of mon-app
		}
	}
	return argo.Settled(states)
}

// untilRunning waits until each app runs, but for the one that cannot.
func (l *lab) untilRunning(ctx context.Context) error {
	deployments := l.clients.Typed.AppsV1().Deployments(appNamespace)
	return part.Until(ctx, func(ctx context.Context) error {
		list, err := deployments.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			if d := &list.Items[i]; d.Name != earlyApp && d.Status.ReadyReplicas != *d.Spec.Replicas {
				return fmt.Errorf("%s has %d of %d pods", d.Name, d.Status.ReadyReplicas, *d.Spec.Replicas)
			}
		}
		return nil
	})
}

// manifestsOf gives the namespace and the Deployment of an app as the forge has them.
func manifestsOf(files fs.FS, namespace, app string) ([]*unstructured.Unstructured, error) {
	first, err := files.Open("k8s/01-initialisation/namespaces.yaml")
	if err != nil {
		return nil, err
	}
	defer func() { _ = first.Close() }()
	second, err := files.Open(path.Join("k8s/03-apps", app+".yaml"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = second.Close() }()
	namespaces, err := cluster.Decode(first)
	if err != nil {
		return nil, err
	}
	objects, err := cluster.Decode(second)
	if err != nil {
		return nil, err
	}
	found := make([]*unstructured.Unstructured, 2)
	for _, o := range append(namespaces, objects...) {
		switch {
		case o.GetKind() == "Namespace" && o.GetName() == namespace:
			found[0] = o
		case o.GetKind() == "Deployment":
			found[1] = o
		}
	}
	if found[0] == nil || found[1] == nil {
		return nil, fmt.Errorf("the forge has no Deployment %s, or no namespace %s", app, namespace)
	}
	return found, nil
}
