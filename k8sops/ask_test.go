package k8sops_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"rtbot/k8sops/registry"
)

// The registry is asked with the credentials of the pod's secret, and the credentials are seen nowhere else.
func TestTheRegistryIsAskedAndCredentialsStayInside(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer int
		kind   corev1.SecretType
		want   string
	}{
		"the tag is not there":              {http.StatusNotFound, corev1.SecretTypeDockerConfigJson, "HIDDEN missing-tag"},
		"the account may not":               {http.StatusForbidden, corev1.SecretTypeDockerConfigJson, "HIDDEN forbidden"},
		"it takes them: the secret is new":  {http.StatusOK, corev1.SecretTypeDockerConfigJson, "HIDDEN late-secret"},
		"it refuses them":                   {http.StatusUnauthorized, corev1.SecretTypeDockerConfigJson, "HIDDEN wrong-token"},
		"a secret of a type that is unused": {http.StatusOK, corev1.SecretTypeOpaque, "HIDDEN wrong-type"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			images := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hub(w, r, test.answer) }))
			t.Cleanup(images.Close)
			objects := slices.DeleteFunc(world(pulling("gitea-2-a", pullSecret)), func(o object) bool { return o.GetName() == pullSecret })
			s := newServer(t, append(objects, dockerSecret("rt", test.kind))...)
			client, err := registry.New(registry.Config{Endpoints: map[string]string{"docker.io": images.URL}})
			if err != nil {
				t.Fatal(err)
			}
			s.images = client
			got, err := s.cluster("rt").ExplainApp(t.Context(), deployment)
			if err != nil {
				t.Fatal(err)
			}
			if found := codes(got.Findings); len(found) == 0 || found[0] != test.want {
				t.Errorf("got %v, want %s", found, test.want)
			}
			if printed := fmt.Sprintf("%+v %#v", got, got); strings.Contains(printed, canary) || strings.Contains(printed, base64.StdEncoding.EncodeToString([]byte("team:"+canary))) {
				t.Error("the password is shown")
			}
			if n := s.requests("/api/v1/namespaces/rt/secrets/" + pullSecret); n != 1 {
				t.Errorf("the secret was read %d times", n)
			}
		})
	}
}

// hub is a registry that answers questions about images with one status.
func hub(w http.ResponseWriter, r *http.Request, status int) {
	_, password, _ := r.BasicAuth()
	switch {
	case password != canary:
		w.Header().Set("WWW-Authenticate", `Basic realm="hub"`)
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/v2/":
	case strings.HasSuffix(r.URL.Path, "/tags/list"):
		fmt.Fprint(w, `{"tags":["1.21"]}`)
	case status != http.StatusOK:
		w.WriteHeader(status)
	default:
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
		w.Header().Set("Content-Length", "2")
	}
}

// A secret whose content is broken in any way is told as such, and nothing of it is shown.
func TestBrokenSecretsShowNothing(t *testing.T) {
	t.Parallel()
	for i, text := range []string{
		canary, `"` + canary + `"`, `{"auths":{"docker.io":{"auth":"` + canary + `"}}}`, `{"auths":{"` + canary + `":1}}`, `{"auths":["` + canary + `"]}`,
		`{"auths":{"docker.io":{"password":"` + canary + `"}}}`, `{"auths":{"docker.io":{"auth":"Y2FuYXJ5LTdmM2E="}}}`, `{` + canary, "\x00" + canary, "",
	} {
		secret := dockerSecret("rt", corev1.SecretTypeDockerConfigJson)
		secret.Data[corev1.DockerConfigJsonKey] = []byte(text)
		s := newServer(t, deployed(counts{1, 1, 1, 1, 1, 0, 0}), pulling("gitea-2-a", pullSecret), secret)
		got, err := s.cluster("rt").ExplainApp(t.Context(), deployment)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(fmt.Sprintf("%+v", got), canary) {
			t.Errorf("%d: the content is shown: %+v", i, got)
		}
		if text != "" && !slices.Contains(codes(got.Findings), "HIDDEN wrong-type") {
			t.Errorf("%d: got %v", i, codes(got.Findings))
		}
	}
}
