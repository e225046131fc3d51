package scenario

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const keyless = "break-missing-key"

// references are the ways in which something that a container refers to is not there.
func references() []Scenario {
	const config = "CreateContainerConfigError"
	return []Scenario{
		own(Scenario{
			Name: "missing-configmap", Code: "CONFIGMAP_MISSING", Why: "the ConfigMap is not there",
			shows: waiting("break-missing-configmap", config),
		}, func(a *app) {
			a.container.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: "app-settings"},
			}}}
		}),
		own(Scenario{
			Name: "missing-secret", Code: "SECRET_MISSING", Why: "the Secret is not there",
			shows: waiting("break-missing-secret", config),
		}, func(a *app) { a.container.Env = password("app-password") }),
		own(Scenario{
			Name: "missing-key", Code: "KEY_MISSING", Why: "the Secret has another key",
			shows: waiting(keyless, config),
		}, func(a *app) { a.container.Env = password(keyless) }).and(otherKey, forgetKey),
	}
}

// password is one that is taken from a Secret.
func password(secret string) []corev1.EnvVar {
	return []corev1.EnvVar{{Name: "APP_PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: "password",
	}}}}
}

func otherKey(ctx context.Context, w *World) error {
	_, err := w.Client.CoreV1().Secrets(namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: keyless, Namespace: namespace}, StringData: map[string]string{"passwort": "x"},
	}, metav1.CreateOptions{})
	return err
}

func forgetKey(ctx context.Context, w *World) error {
	return ignoreMissing(w.Client.CoreV1().Secrets(namespace).Delete(ctx, keyless, metav1.DeleteOptions{}))
}
