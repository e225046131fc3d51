package k8sops

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops/diagnose"
	"rtbot/k8sops/registry"
)

// AskImage asks the registry of an image whether the pods of a workload could pull it: with the credentials that they have,
// or as anybody where they have none. The verdict is registry.NotAsked where the registry may not be asked, and where a no
// would only mean that the bot may not read those credentials.
func (c *Cluster) AskImage(ctx context.Context, o Object, image string) (registry.Answer, error) {
	unasked := registry.Answer{Verdict: registry.NotAsked}
	if c.registry == nil || !c.registry.Allowed(image) {
		return unasked, nil
	}
	w, err := c.Workload(ctx, o)
	if err != nil {
		return unasked, err
	}
	names, whole := c.secretsOf(ctx, w)
	ref := diagnose.Reference(image)
	q := registry.Question{Image: image}
	for _, name := range names {
		ring, read := c.keyring(ctx, o.Namespace, name)
		whole = whole && read
		if q.Credentials = ring.For(ref.Host, ref.Repository); q.Credentials != nil {
			return c.registry.Ask(ctx, q), nil
		}
	}
	answer := c.registry.Ask(ctx, q)
	if answer.Verdict != registry.Accepted && answer.Verdict != registry.NoTag && !whole {
		return unasked, nil
	}
	return answer, nil
}

// secretsOf are the pull secrets of a workload's next pods: its own, or those of its ServiceAccount. whole is false where the
// bot may not know all of them.
func (c *Cluster) secretsOf(ctx context.Context, w Workload) (names []string, whole bool) {
	spec := w.template.Spec
	refs := spec.ImagePullSecrets
	if len(refs) == 0 {
		account := spec.ServiceAccountName
		if account == "" {
			account = "default"
		}
		got, err := c.client.CoreV1().ServiceAccounts(w.Namespace).Get(ctx, account, metav1.GetOptions{})
		if err != nil {
			return nil, false
		}
		refs = got.ImagePullSecrets
	}
	for _, ref := range refs {
		if slices.Contains(c.pullSecrets, ref.Name) {
			names = append(names, ref.Name)
		}
	}
	return names, len(names) == len(refs)
}

// keyring reads the credentials of one pull secret: none where it is not there or of a type that is not used. read is false
// where the bot could not look.
func (c *Cluster) keyring(ctx context.Context, namespace, name string) (ring registry.Keyring, read bool) {
	got, err := c.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return registry.Keyring{}, whyUnread(outside("read secret "+name, err)) == "not-found"
	}
	if got.Type != corev1.SecretTypeDockerConfigJson && got.Type != corev1.SecretTypeDockercfg {
		return registry.Keyring{}, true
	}
	_, ring = pullSecret(namespace, name, got)
	return ring, true
}
