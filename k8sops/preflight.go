package k8sops

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Proposal is what a workload is to become.
type Proposal struct {
	Object
	// Manifest is the new document as YAML or JSON.
	Manifest []byte
	// Scales is true where the number of replicas changes.
	Scales bool
}

// Preflight is what stands in the way of a proposal.
type Preflight struct {
	Obstacles []Obstacle
	// Notes are what is no obstacle and needs saying: disruption budgets that then let no pod be moved.
	Notes []Obstacle
	// Live is the workload as it is.
	Live Workload
}

// Obstacle is one reason why the cluster would not take a proposal, or not run it.
type Obstacle struct {
	Code ObstacleCode
	// Name is the autoscaler, the quota, the limit range or the budget.
	Name string
	// Container is that which a limit range does not take.
	Container string
	// Field and Problem say what the schema does not take.
	Field   string
	Problem string
	// Resource, Wanted and Hard are of a quota, a limit range or the nodes; Min and Max of an autoscaler.
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
	Autoscaled  ObstacleCode = "autoscaler"  // an autoscaler owns the number of replicas
	OverQuota   ObstacleCode = "quota"       // the namespace's quota has no room
	SchemaError ObstacleCode = "schema"      // the published schema does not take the manifest
	OverRange   ObstacleCode = "over-range"  // a limit range allows less
	UnderRange  ObstacleCode = "under-range" // a limit range asks for more
	NoNode      ObstacleCode = "no-node"     // no node is large enough for one pod
	Holds       ObstacleCode = "holds"       // a disruption budget lets no pod be moved away
)

// Preflight reads what a proposal has to fit in, in one round of parallel reads, and holds it against that.
func (c *Cluster) Preflight(ctx context.Context, p Proposal) (Preflight, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var (
		live    Workload
		bounds  bounds
		invalid []Obstacle
	)
	round, ctx := errgroup.WithContext(ctx)
	round.Go(func() (err error) {
		live, err = c.Workload(ctx, p.Object)
		return err
	})
	round.Go(func() (err error) {
		invalid, err = c.validate(ctx, p.Manifest)
		return err
	})
	c.readBounds(ctx, round, p.Namespace, &bounds)
	if err := round.Wait(); err != nil {
		return Preflight{}, fmt.Errorf("check %s %s: %w", p.Kind, p.Name, err)
	}
	next, err := propose(live, p)
	if err != nil { // the schema says what is wrong with it
		return Preflight{Obstacles: invalid, Live: live}, nil
	}
	found := invalid
	if p.Scales {
		found = append(found, autoscalers(p.Object, bounds.scalers)...)
	}
	found = append(found, overQuota(live, next, bounds.quotas)...)
	found = append(found, outOfRange(live, next, bounds.ranges)...)
	found = append(found, tooLarge(live, next, bounds.nodes)...)
	return Preflight{Obstacles: found, Notes: holding(live, next, bounds.budgets), Live: live}, nil
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
