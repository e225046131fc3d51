package scenario

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/lab/kubelet"
	"rtbot/lab/part"
	"rtbot/lab/registry"
)

// The app with the private image, and what lets it be pulled.
const (
	privateApp = "mon-app"
	pullSecret = "dockerhub-auth-secret" //nolint:gosec // it is its name
	account    = "default"
)

// denied are the words for an image that was asked for without credentials; Docker Hub does not say that it is private.
const denied = "pull access denied, repository does not exist or may require authorization"

// secrets are the ways in which the credentials do not get to the registry, or are not good enough.
func secrets() []Scenario {
	anonymous := func(s Scenario) Scenario {
		s.Code = "DENIED_OR_MISSING"
		return ofPrivate(s, denied)
	}
	return []Scenario{
		anonymous(Scenario{Name: "no-secret", Why: "the pull secret is not there", make: deleteSecret}),
		anonymous(Scenario{Name: "late-secret", Why: "the secret came later, and the pod waits", make: deleteSecret}).late(),
		anonymous(Scenario{Name: "wrong-namespace", Why: "the secret is in another namespace", make: secretElsewhere}),
		anonymous(Scenario{Name: "wrong-type", Why: "the secret is an Opaque one", make: opaqueSecret}),
		anonymous(Scenario{Name: "no-entry", Why: "the secret has no entry for docker.io", make: otherRegistry}),
		anonymous(Scenario{Name: "sa-not-patched", Why: "the ServiceAccount has no pull secret", make: accountWith("[]")}),
		ofPrivate(Scenario{
			Name: "wrong-token", Code: "BAD_CREDS", Why: "the cluster's copy is an old one; GitHub has the right one", make: staleSecret,
		}, "401 Unauthorized: incorrect username or password"),
		ofPrivate(Scenario{
			Name: "expired-token", Code: "BAD_CREDS_EXPIRED", Why: "the token of the account is out of date", make: failing(registry.Expired),
		}, "personal access token is expired"),
		ofPrivate(Scenario{
			Name: "forbidden", Code: "FORBIDDEN", Why: "the account may not pull this repository", make: failing(registry.Forbidden),
		}, "403 Forbidden"),
	}
}

// ofPrivate is a scenario of the app with the private image: something is made wrong, and the app restarted. It shows when
// a pod waits for its image because of these words.
func ofPrivate(s Scenario, words string) Scenario {
	s.App, s.Reason, s.shows = privateApp, s.Name, pulling(privateApp, words)
	wrong := s.make
	s.make = func(ctx context.Context, w *World) error {
		if err := wrong(ctx, w); err != nil {
			return err
		}
		return w.restart(ctx, privateApp)
	}
	s.undo = func(ctx context.Context, w *World) error {
		if err := w.restore(ctx); err != nil {
			return err
		}
		if err := w.restart(ctx, privateApp); err != nil {
			return err
		}
		return part.Until(ctx, func(ctx context.Context) error { return ready(privateApp)(ctx, w) })
	}
	return s
}

// restore puts everything right that has to do with pulling.
func (w *World) restore(ctx context.Context) error {
	w.Registry.Fail(registry.None)
	w.Puller.Redirect(registry.Host, w.Registry.URL())
	w.Kubelet.SetPace(kubelet.Quick)
	if err := ignoreMissing(w.Client.CoreV1().Secrets("ci").Delete(ctx, pullSecret, metav1.DeleteOptions{})); err != nil {
		return err
	}
	secret, err := w.Client.CoreV1().Secrets(namespace).Get(ctx, pullSecret, metav1.GetOptions{})
	if err == nil && secret.Type != corev1.SecretTypeDockerConfigJson {
		if err := deleteSecret(ctx, w); err != nil { // the type cannot be changed
			return err
		}
	}
	if err := w.PullSecret(ctx, w.Right); err != nil {
		return err
	}
	return accountWith(`[{"name":"`+pullSecret+`"}]`)(ctx, w)
}

// late lets the pod wait for five minutes, and makes the secret meanwhile.
func (s Scenario) late() Scenario {
	missing, waits := s.make, s.shows
	s.make = func(ctx context.Context, w *World) error {
		w.Kubelet.SetPace(kubelet.Slow)
		if err := missing(ctx, w); err != nil {
			return err
		}
		backsOff := func(ctx context.Context) error {
			return errors.Join(waits(ctx, w), waiting(privateApp, "ImagePullBackOff")(ctx, w))
		}
		if err := part.Until(ctx, backsOff); err != nil {
			return err
		}
		return w.PullSecret(ctx, w.Right)
	}
	return s
}

func failing(f registry.Fault) func(context.Context, *World) error {
	return func(_ context.Context, w *World) error {
		w.Registry.Fail(f)
		return nil
	}
}

func deleteSecret(ctx context.Context, w *World) error {
	return ignoreMissing(w.Client.CoreV1().Secrets(namespace).Delete(ctx, pullSecret, metav1.DeleteOptions{}))
}

// secretElsewhere moves the secret to the namespace of the build agents.
func secretElsewhere(ctx context.Context, w *World) error {
	if err := deleteSecret(ctx, w); err != nil {
		return err
	}
	_, err := w.Client.CoreV1().Secrets("ci").Create(ctx, secretOf("ci", corev1.SecretTypeDockerConfigJson, w.Right), metav1.CreateOptions{})
	return err
}

// opaqueSecret has the right content and a type that a kubelet does not look at.
func opaqueSecret(ctx context.Context, w *World) error {
	if err := deleteSecret(ctx, w); err != nil {
		return err
	}
	_, err := w.Client.CoreV1().Secrets(namespace).Create(ctx, secretOf(namespace, corev1.SecretTypeOpaque, w.Right), metav1.CreateOptions{})
	return err
}

func secretOf(namespace string, kind corev1.SecretType, config []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: pullSecret, Namespace: namespace}, Type: kind,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: config},
	}
}

func otherRegistry(ctx context.Context, w *World) error {
	return w.PullSecret(ctx, configFor("ghcr.io", "rt", "ghp_ofAnotherRegistry"))
}

func staleSecret(ctx context.Context, w *World) error {
	return w.PullSecret(ctx, configFor("https://index.docker.io/v1/", "rt", "dckr_pat_ofLastYear"))
}

func configFor(host, user, password string) []byte {
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	return fmt.Appendf(nil, `{"auths":{%q:{"username":%q,"password":%q,"auth":%q}}}`, host, user, password, auth)
}

// accountWith gives the ServiceAccount a list of pull secrets.
func accountWith(list string) func(context.Context, *World) error {
	return func(ctx context.Context, w *World) error {
		patch := []byte(`{"imagePullSecrets":` + list + `}`)
		_, err := w.Client.CoreV1().ServiceAccounts(namespace).Patch(ctx, account, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	}
}
