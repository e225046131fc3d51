package registry_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"rtbot/k8sops/registry"
)

// The account of the private repository. canary is the password: it may be seen nowhere.
const (
	account = "team"
	canary  = "canary:with:colons-7f3a"
)

// fake is a registry over HTTP with one private repository, team/gitea, that has the tags 1.21 and 1.22.0.
type fake struct {
	*httptest.Server

	mu sync.Mutex
	// answer replaces the registry's own answer to requests of manifests where it is set.
	answer http.HandlerFunc
	// realm is who issues tokens; empty for the name and password themselves.
	realm string
	seen  []string
}

func serve(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
	f.mu.Unlock()
	switch {
	case r.URL.Path == "/token":
		f.token(w, r)
	case !f.known(r):
		scheme := `Basic realm="here"`
		if f.realm != "" {
			scheme = fmt.Sprintf(`Bearer realm="%s",service="here"`, f.realm)
		}
		w.Header().Set("WWW-Authenticate", scheme)
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case r.URL.Path == "/v2/":
	case f.answer != nil:
		f.answer(w, r)
	default:
		f.content(w, r)
	}
}

func (f *fake) known(r *http.Request) bool {
	if f.realm != "" {
		return r.Header.Get("Authorization") == "Bearer good"
	}
	name, password, _ := r.BasicAuth()
	return name == account && password == canary
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	if name, password, _ := r.BasicAuth(); name != account || password != canary {
		fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	fmt.Fprint(w, `{"token":"good"}`)
}

func (f *fake) content(w http.ResponseWriter, r *http.Request) {
	repository, tag, isManifest := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/tags/list") && strings.HasPrefix(r.URL.Path, "/v2/team/gitea/"):
		fmt.Fprint(w, `{"name":"team/gitea","tags":["0.9","1.21","1.22.0","latest"]}`)
	case repository != "team/gitea":
		fail(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
	case isManifest && tag == "1.22.0":
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
		w.Header().Set("Content-Length", strconv.Itoa(len(index)))
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(index))
		}
	default:
		fail(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
	}
}

const index = `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,` +
	`"digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111","platform":{"os":"linux","architecture":"amd64"}}]}`

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

// requests are what the registry was asked.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.seen...)
}

// client asks this registry in place of docker.io.
func (f *fake) client(t *testing.T, realms ...string) *registry.Client {
	t.Helper()
	c, err := registry.New(registry.Config{Endpoints: map[string]string{"docker.io": f.URL}, Realms: realms})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// credentials are what a pull secret holds for docker.io.
func credentials(t *testing.T, password string) *registry.Credentials {
	t.Helper()
	auth := base64.StdEncoding.EncodeToString([]byte(account + ":" + password))
	ring, err := registry.ParseKeyring([]byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"` + auth + `"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return ring.For("docker.io", "team/gitea")
}
