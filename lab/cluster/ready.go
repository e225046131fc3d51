package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// objects are the nodes and the storage classes.
//
//go:embed objects/*.yaml
var objects embed.FS

// Ready says why the API server does not answer yet.
func (c Clients) Ready(ctx context.Context) error {
	return c.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

// Furnish makes the nodes and the storage classes.
func (c Clients) Furnish(ctx context.Context) error {
	all, err := Read(objects, "objects")
	if err != nil {
		return err
	}
	return c.Apply(ctx, Manager, all)
}

// NodesReady says why a pod could not run yet.
func (c Clients) NodesReady(ctx context.Context) error {
	nodes, err := c.Typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(nodes.Items) == 0 {
		return errors.New("there are no nodes")
	}
	for i := range nodes.Items {
		if !ready(&nodes.Items[i]) {
			return fmt.Errorf("node %s is not ready", nodes.Items[i].Name)
		}
	}
	return nil
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
