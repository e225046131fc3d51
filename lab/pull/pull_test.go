package pull_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/lab/pull"
	"rtbot/lab/registry"
)

// hub starts a registry with one account, and gives a puller that takes it for Docker Hub.
func hub(t *testing.T) (*registry.Registry, *pull.Puller) {
	t.Helper()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(t.Context(), registry.Options{
		Address: address, Now: time.Now, Private: []string{"rt/mon-app"},
		Accounts: []registry.Account{{Name: "rt", Password: "right:with a colon"}},
		Images: []registry.Image{
			{Repository: "library/nginx", Tags: []string{"1.27"}},
			{Repository: "rt/mon-app", Tags: []string{"1.0"}},
			{Repository: "rtpublic/arm-only", Tags: []string{"1.0"}, Architecture: "arm64"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the registry ended: %v", err)
		}
	})
	mirrors := map[string]pull.Mirror{registry.Host: {URL: r.URL(), Server: registry.Server, Realm: registry.Realm}}
	p := pull.New(&http.Client{Timeout: 5 * time.Second}, mirrors, time.Now)
	for { // until it listens
		if _, err := p.Pull(t.Context(), "nginx:1.27", nil); err == nil || !strings.Contains(err.Error(), "refused") {
			return r, p
		}
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	const (
		mon    = `failed to pull and unpack image "docker.io/rt/mon-app:1.0": failed to resolve reference "docker.io/rt/mon-app:1.0": `
		realm  = `unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Art%2Fmon-app%3Apull&service=registry.docker.io: `
		denied = "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
	)
	right := pull.Credentials{Host: "docker.io", Name: "rt", Password: "right:with a colon"}
	wrong := pull.Credentials{Host: "docker.io", Name: "rt", Password: "wrong"}
	tests := map[string]struct {
		image string
		with  []pull.Credentials
		fault registry.Fault
		want  string
	}{
		"a public image needs no credentials": {image: "nginx:1.27"},
		"a private image with them":           {image: "rt/mon-app:1.0", with: []pull.Credentials{right}},
		"the second credentials are good":     {image: "rt/mon-app:1.0", with: []pull.Credentials{wrong, right}},
		"a private image without any":         {image: "rt/mon-app:1.0", want: mon + denied},
		"credentials for another registry": {
			image: "rt/mon-app:1.0", with: []pull.Credentials{{Host: "ghcr.io", Name: "rt", Password: right.Password}}, want: mon + denied,
		},
		"a wrong password": {
			image: "rt/mon-app:1.0", with: []pull.Credentials{wrong},
			want: mon + "failed to authorize: failed to fetch oauth token: " + realm + "401 Unauthorized: incorrect username or password",
		},
		"wrong credentials break public images too": {
			image: "nginx:1.27", with: []pull.Credentials{wrong}, want: "401 Unauthorized: incorrect username or password",
		},
		"a token that is out of date": {
			image: "rt/mon-app:1.0", with: []pull.Credentials{right}, fault: registry.Expired,
			want: mon + "failed to authorize: failed to fetch oauth token: " + realm + "401 Unauthorized: personal access token is expired",
		},
		"an account that may not": {
			image: "rt/mon-app:1.0", with: []pull.Credentials{right}, fault: registry.Forbidden,
			want: mon + "failed to authorize: failed to fetch oauth token: " + realm + "403 Forbidden: access to the resource is denied",
		},
		"a tag that is not there": {
			image: "nginx:9", want: `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:9": ` +
				`failed to resolve reference "docker.io/library/nginx:9": docker.io/library/nginx:9: not found`,
		},
		"a repository that is not there": {image: "acme/nope:1", with: []pull.Credentials{right}, want: denied},
		"another platform": {
			image: "rtpublic/arm-only:1.0", want: "rpc error: code = NotFound desc = " +
				`failed to pull and unpack image "docker.io/rtpublic/arm-only:1.0": no match for platform in manifest: not found`,
		},
		"too many pulls": {
			image: "nginx:1.27", fault: registry.RateLimit, want: "429 Too Many Requests\ntoomanyrequests: You have reached your pull rate limit.",
		},
		"a registry that nobody knows": {
			image: "ghcr.io/rt/app:1", want: `failed to do request: Head "https://ghcr.io/v2/rt/app/manifests/1": dial tcp: lookup ghcr.io: no such host`,
		},
		"a registry that is down": {image: "nginx:1.27", fault: registry.Down, want: "connect: connection refused"},
		"no name of an image":     {image: "NGINX:1.27", want: "invalid reference format"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := hub(t)
			p.Forget()
			r.Fail(test.fault)
			got, err := p.Pull(t.Context(), test.image, test.with)
			for test.fault == registry.Down && err == nil { // until it has gone
				p.Forget()
				got, err = p.Pull(t.Context(), test.image, test.with)
			}
			switch {
			case test.want == "" && err != nil:
				t.Errorf("it cannot be pulled: %v", err)
			case test.want == "" && !strings.HasPrefix(got.Digest, "sha256:"):
				t.Errorf("got %+v", got)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAPullIsRememberedForItsCredentials(t *testing.T) {
	t.Parallel()
	r, p := hub(t)
	right := []pull.Credentials{{Host: "docker.io", Name: "rt", Password: "right:with a colon"}}
	if got, err := p.Pull(t.Context(), "rt/mon-app:1.0", right); err != nil || !got.Fresh {
		t.Fatalf("got %+v, %v", got, err)
	}
	r.Fail(registry.Expired)
	if got, err := p.Pull(t.Context(), "rt/mon-app:1.0", right); err != nil || got.Fresh {
		t.Errorf("the second time: %+v, %v", got, err)
	}
	if _, err := p.Pull(t.Context(), "rt/mon-app:1.0", nil); err == nil {
		t.Error("it was remembered for somebody else")
	}
	p.Forget()
	if _, err := p.Pull(t.Context(), "rt/mon-app:1.0", right); err == nil {
		t.Error("it was not forgotten")
	}
}

func TestCredentialsOfASecret(t *testing.T) {
	t.Parallel()
	hub := func(password string) []pull.Credentials {
		return []pull.Credentials{{Host: "docker.io", Name: "rt", Password: password}}
	}
	tests := map[string]struct {
		kind corev1.SecretType
		text string
		want []pull.Credentials
		bad  bool
	}{
		"name and password":  {corev1.SecretTypeDockerConfigJson, `{"auths":{"docker.io":{"username":"rt","password":"x"}}}`, hub("x"), false},
		"kubectl's own key":  {corev1.SecretTypeDockerConfigJson, `{"auths":{"https://index.docker.io/v1/":{"auth":"cnQ6eA=="}}}`, hub("x"), false},
		"a colon in it":      {corev1.SecretTypeDockerConfigJson, `{"auths":{"docker.io":{"auth":"cnQ6eDp5"}}}`, hub("x:y"), false},
		"another type":       {corev1.SecretTypeOpaque, `{"auths":{"docker.io":{"auth":"cnQ6eA=="}}}`, nil, false},
		"not JSON":           {corev1.SecretTypeDockerConfigJson, `{"auths":`, nil, true},
		"auth is not base64": {corev1.SecretTypeDockerConfigJson, `{"auths":{"docker.io":{"auth":"geheim"}}}`, nil, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := pull.FromSecret(&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: "rt", Name: "s"}, Type: test.kind,
				Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(test.text)},
			})
			if (err != nil) != test.bad || len(got) != len(test.want) || len(got) == 1 && got[0] != test.want[0] {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Error("the error quotes the secret")
			}
		})
	}
}
