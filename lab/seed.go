package lab

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/lab/argo"
	"rtbot/lab/part"
)

// The hand edit that a newcomer's first look at the drift finds.
const (
	seedNamespace = "rt"
	seedApp       = "nginx-front"
	seedLayer     = "layer-03-apps"
	seedReplicas  = 2
	seedManager   = "kubectl-edit"
)

// seeds scales nginx-front as somebody with kubectl would, and waits until Argo CD has seen it.
func (l *lab) seeds(ctx context.Context) error {
	deployments := l.clients.Typed.AppsV1().Deployments(seedNamespace)
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, seedReplicas)
	options := metav1.PatchOptions{FieldManager: seedManager}
	if _, err := deployments.Patch(ctx, seedApp, types.StrategicMergePatchType, patch, options); err != nil {
		return fmt.Errorf("scale %s by hand: %w", seedApp, err)
	}
	err := part.Until(ctx, func(ctx context.Context) error {
		d, err := deployments.Get(ctx, seedApp, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Status.ReadyReplicas != seedReplicas {
			return fmt.Errorf("%s has %d of %d pods", seedApp, d.Status.ReadyReplicas, seedReplicas)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.untilApplications(ctx, drifted)
}

// drifted says why the hand edit does not show yet.
func drifted(states []argo.State) error {
	for _, s := range states {
		if s.Name == seedLayer && s.Sync != "OutOfSync" {
			return fmt.Errorf("%s is %s", s.Name, s.Sync)
		}
	}
	return nil
}
