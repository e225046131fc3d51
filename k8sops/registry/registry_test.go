package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/k8sops/registry"
)

func TestARegistryIsUnderstood(t *testing.T) {
	t.Parallel()
	status := func(code int, name, message string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fail(w, code, name, message) }
	}
	tests := map[string]struct {
		image    string
		password string // empty to ask as anybody
		answer   http.HandlerFunc
		want     registry.Answer
	}{
		"good credentials and a tag that is there": {
			"team/gitea:1.22.0", canary, nil, registry.Answer{Verdict: registry.Accepted, Platforms: []string{"linux/amd64"}},
		},
		"a wrong password": {
			"team/gitea:1.22.0", "wrong", nil, registry.Answer{Verdict: registry.Refused, Said: "Unauthorized: unauthorized: authentication required"},
		},
		"no credentials": {
			"team/gitea:1.22.0", "", nil, registry.Answer{Verdict: registry.Refused, Said: "Unauthorized: unauthorized: authentication required"},
		},
		"a tag that is not there": {
			"team/gitea:1.22", canary, nil,
			registry.Answer{Verdict: registry.NoTag, Said: "Not Found: manifest_unknown: manifest unknown", Near: []string{"1.21", "1.22.0", "0.9"}},
		},
		"a repository that is not there": {
			"team/gitae:1.22.0", canary, nil,
			registry.Answer{Verdict: registry.NoRepository, Said: "Not Found: name_unknown: repository name not known to registry"},
		},
		"an account without the right": {
			"team/gitea:1.22.0", canary, status(http.StatusForbidden, "DENIED", "no"), registry.Answer{Verdict: registry.Forbidden, Said: "Forbidden: denied: no"},
		},
		"an expired token": {
			"team/gitea:1.22.0", canary, status(http.StatusUnauthorized, "UNAUTHORIZED", "personal access token is expired"),
			registry.Answer{Verdict: registry.Expired, Said: "Unauthorized: unauthorized: personal access token is expired"},
		},
		"too many pulls": {
			"team/gitea:1.22.0", canary, status(http.StatusTooManyRequests, "TOOMANYREQUESTS", "slow down"),
			registry.Answer{Verdict: registry.RateLimited, Said: "Too Many Requests: toomanyrequests: slow down"},
		},
		"a registry in trouble": {
			"team/gitea:1.22.0", canary, status(http.StatusBadGateway, "UNKNOWN", "later"),
			registry.Answer{Verdict: registry.Unreachable, Said: "Bad Gateway: unknown: later"},
		},
		"a registry that is not allowed": {"ghcr.io/team/gitea:1", canary, nil, registry.Answer{Verdict: registry.NotAsked}},
		"a name that is none":            {"UPPER/Case:1", canary, nil, registry.Answer{Verdict: registry.NotAsked}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serve(t)
			f.answer = test.answer
			q := registry.Question{Image: test.image, Platforms: true}
			if test.password != "" {
				q.Credentials = credentials(t, test.password)
			}
			if diff := cmp.Diff(test.want, f.client(t).Ask(t.Context(), q)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokensComeFromAllowedRealmsOnly(t *testing.T) {
	t.Parallel()
	issuer := serve(t)
	host := strings.TrimPrefix(issuer.URL, "http://")
	tests := map[string]struct {
		realm func(f *fake) string
		allow []string
		want  registry.Verdict
	}{
		"the registry itself":           {func(f *fake) string { return f.URL + "/token" }, nil, registry.Accepted},
		"a realm that nobody allowed":   {func(*fake) string { return issuer.URL + "/token" }, nil, registry.NotAsked},
		"an allowed realm, but plain":   {func(*fake) string { return issuer.URL + "/token" }, []string{host}, registry.NotAsked},
		"a realm that looks like it":    {func(f *fake) string { return strings.Replace(f.URL, "://", "://registry@evil.", 1) + "/token" }, nil, registry.NotAsked},
		"the cloud's metadata":          {func(*fake) string { return "http://169.254.169.254/token" }, nil, registry.NotAsked},
		"a realm with somebody's login": {func(f *fake) string { return strings.Replace(f.URL, "://", "://a:b@", 1) + "/token" }, nil, registry.NotAsked},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serve(t)
			f.realm = test.realm(f)
			got := f.client(t, test.allow...).Ask(t.Context(), registry.Question{Image: "team/gitea:1.22.0", Credentials: credentials(t, canary)})
			if got.Verdict != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
	if asked := issuer.requests(); len(asked) > 0 {
		t.Errorf("somebody else was asked for a token: %d requests", len(asked))
	}
}

func TestWrongCredentialsAtTheRealmAreRefused(t *testing.T) {
	t.Parallel()
	f := serve(t)
	f.realm = f.URL + "/token"
	got := f.client(t).Ask(t.Context(), registry.Question{Image: "team/gitea:1.22.0", Credentials: credentials(t, "wrong")})
	if got.Verdict != registry.Refused || !strings.Contains(got.Said, "incorrect username or password") {
		t.Errorf("got %v", got)
	}
}

func TestARedirectToAnotherHostEndsThere(t *testing.T) {
	t.Parallel()
	other := serve(t)
	f := serve(t)
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}
	got := f.client(t).Ask(t.Context(), registry.Question{Image: "team/gitea:1.22.0", Credentials: credentials(t, canary)})
	if got.Verdict != registry.NotAsked || len(other.requests()) > 0 {
		t.Errorf("got %v, and the other host was asked %d times", got, len(other.requests()))
	}
}

// An allowed registry whose name leads into a network of ours is not connected to: the address counts, not the name.
func TestPrivateAddressesAreNotConnectedTo(t *testing.T) {
	t.Parallel()
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an inner address was asked") }))
	t.Cleanup(inside.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "https://"), ":")
	for _, host := range []string{
		"127.0.0.1:" + port, "localhost:" + port, "127.1.2.3:" + port, "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1",
		"0.0.0.0:" + port,
	} {
		c, err := registry.New(registry.Config{Hosts: []string{host}})
		if err != nil {
			t.Fatal(err)
		}
		got := c.Ask(t.Context(), registry.Question{Image: host + "/team/gitea:1", Credentials: credentials(t, canary)})
		if got.Verdict != registry.NotAsked {
			t.Errorf("%s: got %v", host, got)
		}
	}
}

func TestHostileNamesAreNotAsked(t *testing.T) {
	t.Parallel()
	c, err := registry.New(registry.Config{Hosts: []string{"registry.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{
		"registry.example.com.evil.io/x", "evil.io#registry.example.com/x", "user@registry.example.com/x", "registry.example.com./x",
		"rеgistry.example.com/x", "registry.example.com/X", "x:" + strings.Repeat("a", 129), "x@sha256:", "x@sha999:12", "registry.example.com/" + strings.Repeat("a", 256),
		"", " ", "http://registry.example.com/x", "[::1]/x", "registry.example.com:99999999/x",
	} {
		if c.Allowed(image) {
			t.Errorf("%q may be asked", image)
		}
	}
}

func TestACertificateThatNobodyTrustsIsTold(t *testing.T) {
	t.Parallel()
	f := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(f.Close)
	c, err := registry.New(registry.Config{Endpoints: map[string]string{"docker.io": f.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Ask(t.Context(), registry.Question{Image: "nginx:1.27"}); got.Verdict != registry.BadTLS {
		t.Errorf("got %v", got)
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	f := serve(t)
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		for r.Method == http.MethodGet && r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat("x", 4096))); err != nil {
				return
			}
		}
	}
	got := f.client(t).Ask(t.Context(), registry.Question{Image: "team/gitea:1.22.0", Credentials: credentials(t, canary)})
	if got.Verdict != registry.Unreachable || len(got.Said) > 4096 {
		t.Errorf("got %s with %d bytes", got.Verdict, len(got.Said))
	}
}

// A registry that repeats what it was sent shows it to nobody.
func TestCredentialsAreNeverRepeated(t *testing.T) {
	t.Parallel()
	f := serve(t)
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		fail(w, http.StatusForbidden, "DENIED", "not with "+password+" or "+r.Header.Get("Authorization"))
	}
	c := credentials(t, canary)
	got := f.client(t).Ask(t.Context(), registry.Question{Image: "team/gitea:1.22.0", Credentials: c})
	printed := fmt.Sprintf("%v %+v %#v %s", got, c, *c, c)
	for _, secret := range secretsIn(account, canary) {
		if strings.Contains(printed, secret) {
			t.Errorf("%q is shown: %s", secret, printed)
		}
	}
}
