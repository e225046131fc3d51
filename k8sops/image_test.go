package k8sops_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops/registry"
)

// An image is asked for with what the app's next pods have: their own secrets, or those of their ServiceAccount.
func TestAnImageIsAskedForAsThePodsWould(t *testing.T) {
	t.Parallel()
	account := func(secrets ...string) object {
		a := &corev1.ServiceAccount{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}, ObjectMeta: meta("rt", "default", 1)}
		for _, name := range secrets {
			a.ImagePullSecrets = append(a.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
		}
		return a
	}
	secret := dockerSecret("rt", corev1.SecretTypeDockerConfigJson)
	tests := map[string]struct {
		image   string
		answer  int
		objects []object
		want    registry.Verdict
	}{
		"it is there":                       {"gitea/gitea:1.23", http.StatusOK, []object{account(pullSecret), secret}, registry.Accepted},
		"it is not there":                   {"gitea/gitea:1.33", http.StatusNotFound, []object{account(pullSecret), secret}, registry.NoTag},
		"the account may not":               {"gitea/gitea:1.23", http.StatusForbidden, []object{account(pullSecret), secret}, registry.Forbidden},
		"the pods have no credentials":      {"gitea/gitea:1.23", http.StatusOK, []object{account()}, registry.Refused},
		"the secret is not there":           {"gitea/gitea:1.23", http.StatusOK, []object{account(pullSecret)}, registry.Refused},
		"a type that no kubelet uses":       {"gitea/gitea:1.23", http.StatusOK, []object{account(pullSecret), dockerSecret("rt", corev1.SecretTypeOpaque)}, registry.Refused},
		"a secret that the bot may not see": {"gitea/gitea:1.23", http.StatusOK, []object{account("another")}, registry.NotAsked},
		"a registry that is not allowed":    {"evil.example/gitea:1.23", http.StatusOK, []object{account(pullSecret), secret}, registry.NotAsked},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			images := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hub(w, r, test.answer) }))
			t.Cleanup(images.Close)
			s := newServer(t, append(test.objects, deployed(all(1, 1)))...)
			var err error
			if s.images, err = registry.New(registry.Config{Endpoints: map[string]string{"docker.io": images.URL}}); err != nil {
				t.Fatal(err)
			}
			got, err := s.cluster("rt").AskImage(t.Context(), deployment, test.image)
			if err != nil || got.Verdict != test.want {
				t.Errorf("got %+v and %v, want %s", got, err, test.want)
			}
		})
	}
}
