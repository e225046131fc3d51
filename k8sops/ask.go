package k8sops

import (
	"context"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"rtbot/k8sops/diagnose"
	"rtbot/k8sops/registry"
)

// mostImages is how many images of one pod the registry is asked about.
const mostImages = 3

// askRegistry asks the registry itself about the images that do not come, with the credentials that the pod has or would
// get: what the events no longer tell, the registry does.
func (g *gathering) askRegistry(ctx context.Context) {
	s := &g.snapshot
	if g.registry == nil || s.Pod == nil || !pullFails(s.Pod) {
		return
	}
	images := failingImages(s.Pod)
	answers := make([]diagnose.Answer, len(images))
	var all sync.WaitGroup
	for i, image := range images {
		if !g.registry.Allowed(image) {
			answers[i] = diagnose.Answer{Image: image, Verdict: diagnose.NotAsked}
			continue
		}
		all.Go(func() { answers[i] = g.ask(ctx, image) })
	}
	all.Wait()
	s.Answers = answers
}

func (g *gathering) ask(ctx context.Context, image string) diagnose.Answer {
	ref := diagnose.Reference(image)
	q := registry.Question{Image: image, Platforms: platformTrouble(g.snapshot, image)}
	from := ""
	for _, name := range g.pullSecrets {
		if ring, opened := g.keyrings[g.snapshot.Pod.Namespace+"/"+name]; opened && usable(g.snapshot, name) {
			if q.Credentials = ring.For(ref.Host, ref.Repository); q.Credentials != nil {
				from = name
				break
			}
		}
	}
	a := g.registry.Ask(ctx, q)
	return diagnose.Answer{
		Image: image, Secret: from, Verdict: verdicts[a.Verdict], Said: a.Said, Near: a.Near, Platforms: a.Platforms,
	}
}

// usable tells whether the kubelet would use a secret: one of another type it passes over without a word.
func usable(s diagnose.Snapshot, name string) bool {
	return slices.ContainsFunc(s.Secrets, func(p diagnose.PullSecret) bool {
		kind := corev1.SecretType(p.Type)
		return p.Name == name && p.Namespace == s.Pod.Namespace && (kind == corev1.SecretTypeDockerConfigJson || kind == corev1.SecretTypeDockercfg)
	})
}

// platformTrouble tells whether what the image is made for is worth a download.
func platformTrouble(s diagnose.Snapshot, image string) bool {
	found := diagnose.Explain(s)
	return slices.ContainsFunc(found, func(f diagnose.Finding) bool { return f.Reason == diagnose.WrongPlatform && f.With["Image"] == image })
}

// failingImages are the images that do not come, each once.
func failingImages(p *corev1.Pod) []string {
	var images []string
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		for _, st := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			w := st.State.Waiting
			if st.Name == c.Name && w != nil && waiting[w.Reason] == PullFails && !slices.Contains(images, c.Image) {
				images = append(images, c.Image)
			}
		}
	}
	return images[:min(len(images), mostImages)]
}

// verdicts are the registry's answers in the words of a Snapshot.
var verdicts = map[registry.Verdict]diagnose.Verdict{
	registry.Accepted: diagnose.Accepted, registry.Refused: diagnose.RefusedCreds, registry.Expired: diagnose.ExpiredCreds,
	registry.Forbidden: diagnose.ForbiddenCreds, registry.NoTag: diagnose.NoTag, registry.NoRepository: diagnose.NoRepository,
	registry.DeniedOrGone: diagnose.DeniedOrGone, registry.RateLimited: diagnose.TooMany, registry.Unreachable: diagnose.Unreachable,
	registry.BadTLS: diagnose.BadTLS, registry.NotAsked: diagnose.NotAsked,
}
