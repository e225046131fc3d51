package registry

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenLife is how long a token can be used, as at Docker Hub.
const tokenLife = 5 * time.Minute

// grant is what a token is good for.
type grant struct {
	repositories []string
	until        time.Time
}

// ServeHTTP gives tokens, and images to those who have one.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/token" {
		r.token(w, req)
		return
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "the registry is read-only")
		return
	}
	repository := repositoryOf(req.URL.Path)
	if !r.granted(req, repository) {
		r.challenge(w, req, repository)
		return
	}
	if req.Method == http.MethodGet && r.failing() == RateLimit && strings.Contains(req.URL.Path, "/manifests/") {
		refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "You have reached your pull rate limit. "+
			"You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit")
		return
	}
	r.store.ServeHTTP(w, req)
}

// repositoryOf gives "library/nginx" for "/v2/library/nginx/manifests/1.27", and nothing for the ping.
func repositoryOf(path string) string {
	path = strings.TrimPrefix(path, "/v2/")
	for _, kind := range []string{"/manifests/", "/blobs/", "/tags/"} {
		if i := strings.LastIndex(path, kind); i >= 0 {
			return path[:i]
		}
	}
	return ""
}

// granted says whether the request has a token for the repository; for the ping any token will do.
func (r *Registry) granted(req *http.Request, repository string) bool {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	g, known := r.grants[token]
	return known && r.now().Before(g.until) && (repository == "" || slices.Contains(g.repositories, repository))
}

// challenge says where a token is to be had, and that the one that came is not enough.
func (r *Registry) challenge(w http.ResponseWriter, req *http.Request, repository string) {
	header := fmt.Sprintf(`Bearer realm="http://%s/token",service=%q`, req.Host, service)
	if repository != "" {
		header += fmt.Sprintf(`,scope="repository:%s:pull"`, repository)
	}
	if req.Header.Get("Authorization") != "" {
		header += `,error="insufficient_scope"`
	}
	w.Header().Set("WWW-Authenticate", header)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}

// token gives one for as much of the scope as the asker may have, which can be nothing: Docker Hub does not say whether a
// repository is private or missing.
func (r *Registry) token(w http.ResponseWriter, req *http.Request) {
	account, named, refusal := r.whoAsks(req)
	if refusal != "" {
		deny(w, http.StatusUnauthorized, refusal)
		return
	}
	g := grant{until: r.now().Add(tokenLife)}
	for _, scope := range req.URL.Query()["scope"] {
		repository := strings.TrimSuffix(strings.TrimPrefix(scope, "repository:"), ":pull")
		if r.public[repository] {
			g.repositories = append(g.repositories, repository)
			continue
		}
		if named && r.failing() == Forbidden {
			deny(w, http.StatusForbidden, "access to the resource is denied")
			return
		}
		if named && account.may(repository) {
			g.repositories = append(g.repositories, repository)
		}
	}
	r.give(w, g)
}

// whoAsks finds the account of a request, if it names one, or says why it is refused.
func (r *Registry) whoAsks(req *http.Request) (account Account, named bool, refusal string) {
	name, password, named := req.BasicAuth()
	if !named {
		return Account{}, false, ""
	}
	account, known := r.accounts[name]
	switch {
	case !known || subtle.ConstantTimeCompare([]byte(account.Password), []byte(password)) != 1:
		return Account{}, true, "incorrect username or password"
	case r.failing() == Expired:
		return Account{}, true, "personal access token is expired"
	default:
		return account, true, ""
	}
}

// may says whether an account can pull a repository that is not public.
func (a Account) may(repository string) bool {
	return slices.Contains(a.Repositories, repository) || strings.HasPrefix(repository, a.Name+"/")
}

func (r *Registry) give(w http.ResponseWriter, g grant) {
	token := rand.Text()
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for old, g := range r.grants {
		if now.After(g.until) {
			delete(r.grants, old)
		}
	}
	r.grants[token] = g
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token":%q,"access_token":%q,"expires_in":%d,"issued_at":%q}`,
		token, token, int(tokenLife.Seconds()), now.UTC().Format(time.RFC3339))
}

// deny answers as Docker Hub's realm does.
func deny(w http.ResponseWriter, status int, details string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"details":%q}`, details)
}

// refuse answers as a registry does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	body, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
