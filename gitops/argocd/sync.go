package argocd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"rtbot/gitops"
)

// Sync makes Argo CD apply one object of an Application as its target revision has it: nothing is pruned, nothing is
// replaced by force, and no other revision is asked for. An error that wraps gitops.ErrOutcomeUnknown means that it may have
// begun.
func (c *Client) Sync(ctx context.Context, name string, o gitops.Object) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	no := false
	a, err := c.apps.Sync(ctx, &application.ApplicationSyncRequest{
		Name: &name, Prune: &no, DryRun: &no, Strategy: &v1alpha1.SyncStrategy{Apply: &v1alpha1.SyncStrategyApply{}},
		Resources: []*v1alpha1.SyncOperationResource{{Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}},
	})
	if err == nil {
		c.seen.update("MODIFIED", convert(a))
		return nil
	}
	if err = outside(err); errors.Is(err, gitops.ErrUnreachable) {
		err = errors.Join(gitops.ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("sync %s: %w", o, err)
}
