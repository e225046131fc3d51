package k8sops

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Proposal is what a workload is to become.
type Proposal struct {
	Object
	// Manifest is the new document as YAML or JSON.
	Manifest []byte
	// Replicas is how many pods it is to have; Scales is true where that is what changes.
	Replicas int32
	Scales   bool
}

// Preflight is what stands in the way of a proposal.
type Preflight struct {
	Obstacles []Obstacle
	// Live is the workload as it is.
	Live Workload
}

// Obstacle is one reason why the cluster would not take a proposal, or not run it.
type Obstacle struct {
	Code ObstacleCode
	// Name is the autoscaler or the quota.
	Name string
	// Field and Problem say what the schema does not take.
	Field   string
	Problem string
	// Resource, Wanted and Hard are of a quota; Min and Max of an autoscaler.
	Resource string
	Wanted   string
	Hard     string
	Min      int32
	Max      int32
}

// ObstacleCode is the kind of an obstacle.
type ObstacleCode string

// The kinds of obstacles.
const (
	Autoscaled  ObstacleCode = "autoscaler" // an autoscaler owns the number of replicas
	OverQuota   ObstacleCode = "quota"      // the namespace's quota has no room
	SchemaError ObstacleCode = "schema"     // the published schema does not take the manifest
)

// Preflight reads what a proposal has to fit in, in one round of parallel reads, and holds it against that.
func (c *Cluster) Preflight(ctx context.Context, p Proposal) (Preflight, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var (
		live    Workload
		scalers *autoscalingv2.HorizontalPodAutoscalerList
		quotas  *corev1.ResourceQuotaList
		invalid []Obstacle
	)
	round, ctx := errgroup.WithContext(ctx)
	round.Go(func() (err error) {
		live, err = c.Workload(ctx, p.Object)
		return err
	})
	round.Go(func() (err error) {
		scalers, err = c.client.AutoscalingV2().HorizontalPodAutoscalers(p.Namespace).List(ctx, metav1.ListOptions{})
		return outside("list autoscalers of "+p.Namespace, err)
	})
	round.Go(func() (err error) {
		quotas, err = c.client.CoreV1().ResourceQuotas(p.Namespace).List(ctx, metav1.ListOptions{})
		return outside("list quotas of "+p.Namespace, err)
	})
	round.Go(func() (err error) {
		invalid, err = c.validate(ctx, p.Manifest)
		return err
	})
	if err := round.Wait(); err != nil {
		return Preflight{}, fmt.Errorf("check %s %s: %w", p.Kind, p.Name, err)
	}
	found := invalid
	if p.Scales {
		found = append(found, autoscalers(p.Object, scalers.Items)...)
		found = append(found, overQuota(live, p.Replicas, quotas.Items)...)
	}
	return Preflight{Obstacles: found, Live: live}, nil
}

// autoscalers are those that own the replicas of a workload.
func autoscalers(o Object, all []autoscalingv2.HorizontalPodAutoscaler) []Obstacle {
	var found []Obstacle
	for i := range all {
		target := all[i].Spec.ScaleTargetRef
		if target.Kind == o.Kind && target.Name == o.Name {
			found = append(found, Obstacle{Code: Autoscaled, Name: all[i].Name, Min: orOne(all[i].Spec.MinReplicas), Max: all[i].Spec.MaxReplicas})
		}
	}
	return found
}
