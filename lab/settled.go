package lab

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

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
	var found []*unstructured.Unstructured
	for _, wanted := range []struct{ folder, kind, name string }{
		{"k8s/01-initialisation", "Namespace", namespace}, {"k8s/03-apps", "Deployment", app},
	} {
		all, err := cluster.Read(files, wanted.folder)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(all, func(o *unstructured.Unstructured) bool {
			return o.GetKind() == wanted.kind && o.GetName() == wanted.name
		})
		if i < 0 {
			return nil, fmt.Errorf("the forge has no %s %s", wanted.kind, wanted.name)
		}
		found = append(found, all[i])
	}
	return found, nil
}
