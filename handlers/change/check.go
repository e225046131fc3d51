package change

import (
	"context"
	"errors"
	"fmt"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
	"rtbot/k8sops"
)

// checked asks the cluster whether it would take the plan, and refuses the first thing that it would not. What only needs
// saying comes back as effects.
func (p planner) checked(ctx context.Context, made Plan, before []gitops.File) ([]Effect, error) {
	proposal, err := propose(made, before)
	if err != nil || proposal.Manifest == nil {
		return nil, err
	}
	got, err := p.cluster.Preflight(ctx, proposal)
	if err != nil {
		return nil, refuseCluster(made.App, err)
	}
	if len(got.Obstacles) > 0 {
		return nil, refuseObstacle(made.App, got.Obstacles[0])
	}
	var notes []Effect
	for _, n := range got.Notes {
		notes = append(notes, Effect{Code: HoldsNodes, Object: made.App.String(), Detail: n.Name})
	}
	return notes, nil
}

// propose makes of a plan what the cluster is asked about: the app's new manifest, and whether its replicas change.
func propose(made Plan, before []gitops.File) (k8sops.Proposal, error) {
	proposal := k8sops.Proposal{Object: clusterObject(made.App.Object)}
	for _, f := range made.edited.Files {
		document, err := manifest.Document(f, made.App.Object)
		if no, ok := errors.AsType[*manifest.RefusedError](err); ok && no.Code == manifest.NotFound {
			continue // another object's file
		}
		if err != nil {
			return proposal, fmt.Errorf("read %s after the edit: %w", f.Path, err)
		}
		proposal.Manifest = document
		old, changed := map[gitops.Object]object{}, map[gitops.Object]object{}
		if err := errors.Join(collect(old, dataOf(before, f.Path)), collect(changed, f.Data)); err != nil {
			return proposal, fmt.Errorf("compare %s: %w", f.Path, err)
		}
		for o, was := range old {
			if o.Kind == made.App.Kind && o.Name == made.App.Name && was.replicas() != changed[o].replicas() {
				proposal.Scales = true
			}
		}
	}
	return proposal, nil
}

// dataOf is what is in a file; nothing where it is not there.
func dataOf(files []gitops.File, path string) []byte {
	for _, f := range files {
		if f.Path == path {
			return f.Data
		}
	}
	return nil
}
