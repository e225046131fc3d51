package kubelet

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/lab/pull"
)

// credentials are those of the pod's pull secrets that are there and can be read.
func (k *Kubelet) credentials(ctx context.Context, object *corev1.Pod) []pull.Credentials {
	var all []pull.Credentials
	var lost []string
	for _, ref := range object.Spec.ImagePullSecrets {
		secret, err := k.client.CoreV1().Secrets(object.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
		if err != nil {
			lost = append(lost, ref.Name)
			continue
		}
		found, err := pull.FromSecret(secret)
		if err != nil {
			lost = append(lost, ref.Name)
		}
		all = append(all, found...)
	}
	if len(lost) > 0 {
		k.event(object, corev1.EventTypeWarning, "FailedToRetrieveImagePullSecret", fmt.Sprintf(
			"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed.", strings.Join(lost, ", ")), "")
	}
	return all
}

// mount says which volume cannot be set up, because what it is made of is not there.
func (k *Kubelet) mount(ctx context.Context, object *corev1.Pod) error {
	for i := range object.Spec.Volumes {
		v := &object.Spec.Volumes[i]
		var err error
		switch {
		case v.ConfigMap != nil && !optional(v.ConfigMap.Optional):
			_, err = k.keys(ctx, object.Namespace, "configmap", v.ConfigMap.Name)
		case v.Secret != nil && !optional(v.Secret.Optional):
			_, err = k.keys(ctx, object.Namespace, "secret", v.Secret.SecretName)
		}
		if err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", v.Name, err)
		}
	}
	return nil
}

// configured says what a container's environment refers to and is not there.
func (k *Kubelet) configured(ctx context.Context, object *corev1.Pod, spec *corev1.Container) error {
	for _, from := range spec.EnvFrom {
		var err error
		switch {
		case from.ConfigMapRef != nil && !optional(from.ConfigMapRef.Optional):
			_, err = k.keys(ctx, object.Namespace, "configmap", from.ConfigMapRef.Name)
		case from.SecretRef != nil && !optional(from.SecretRef.Optional):
			_, err = k.keys(ctx, object.Namespace, "secret", from.SecretRef.Name)
		}
		if err != nil {
			return err
		}
	}
	for i := range spec.Env {
		if err := k.variable(ctx, object.Namespace, spec.Env[i].ValueFrom); err != nil {
			return err
		}
	}
	return nil
}

func (k *Kubelet) variable(ctx context.Context, namespace string, from *corev1.EnvVarSource) error {
	if from == nil {
		return nil
	}
	if ref := from.ConfigMapKeyRef; ref != nil && !optional(ref.Optional) {
		keys, err := k.keys(ctx, namespace, "configmap", ref.Name)
		if err == nil && !keys[ref.Key] {
			err = fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", ref.Key, namespace, ref.Name)
		}
		return err
	}
	if ref := from.SecretKeyRef; ref != nil && !optional(ref.Optional) {
		keys, err := k.keys(ctx, namespace, "secret", ref.Name)
		if err == nil && !keys[ref.Key] {
			err = fmt.Errorf("couldn't find key %s in Secret %s/%s", ref.Key, namespace, ref.Name)
		}
		return err
	}
	return nil
}

// keys are those of a ConfigMap or of a Secret.
func (k *Kubelet) keys(ctx context.Context, namespace, kind, name string) (map[string]bool, error) {
	keys := map[string]bool{}
	if kind == "secret" {
		secret, err := k.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, absent(kind, name, err)
		}
		for key := range secret.Data {
			keys[key] = true
		}
		return keys, nil
	}
	configMap, err := k.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, absent(kind, name, err)
	}
	for key := range configMap.Data {
		keys[key] = true
	}
	for key := range configMap.BinaryData {
		keys[key] = true
	}
	return keys, nil
}

// absent says that something is missing as a kubelet does.
func absent(kind, name string, err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%s %q not found", kind, name)
	}
	return err
}

func optional(b *bool) bool { return b != nil && *b }

// ignoreGone takes a pod that is gone, or another by now, for work that is done.
func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
