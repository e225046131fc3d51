// Package github reads one branch of one GitHub repository and commits to it. It knows trees, commits and refusals; it
// never knows what is in a file, never works in a checkout, and never writes anything but a commit on that branch that
// builds on the head it was told.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v92/github"
)

// callTimeout is how long one request may take.
const callTimeout = 15 * time.Second

// publicAPI is where GitHub answers if nothing else is configured.
const publicAPI = "https://api.github.com"

// Config says which repository and how to reach it.
type Config struct {
	// Repository is "owner/name".
	Repository string
	Branch     string
	// APIURL is the base of the REST API: empty for github.com, https://HOST/api/v3 for an Enterprise Server.
	APIURL string
	// Token gives the token to use. It is asked before each request, and once more after a 401.
	Token func(context.Context) (string, error)
	// Transport carries the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock.
	Now func() time.Time
	// Timeout is how long one request may take; 0 means 15 s.
	Timeout time.Duration
}

// Repository is one branch of a repository on GitHub. New makes it. It is safe for concurrent use.
type Repository struct {
	owner   string
	name    string
	branch  string
	page    string
	graphql string
	timeout time.Duration
	now     func() time.Time
	client  *github.Client
	pause   pause
}

// New checks the configuration; it calls nobody.
func New(config Config) (*Repository, error) {
	owner, name, err := parseRepository(config.Repository)
	if err != nil {
		return nil, err
	}
	if !validBranch(config.Branch) {
		return nil, fmt.Errorf("%q is not the name of a branch", config.Branch)
	}
	if config.Token == nil || config.Now == nil {
		return nil, errors.New("a Token and a Now are needed")
	}
	api, err := parseAPI(config.APIURL)
	if err != nil {
		return nil, err
	}
	if config.Transport == nil {
		config.Transport = http.DefaultTransport
	}
	if config.Timeout == 0 {
		config.Timeout = callTimeout
	}
	r := &Repository{
		owner: owner, name: name, branch: config.Branch, timeout: config.Timeout, now: config.Now,
		page: pageURL(api) + "/" + owner + "/" + name, graphql: graphqlURL(api),
	}
	base := api.String()
	caller := &http.Client{
		Transport:     &transport{next: config.Transport, token: config.Token, api: api},
		CheckRedirect: stayHome(api),
	}
	// The pause below is shared by REST and GraphQL and follows the clock that was given: go-github's own is off.
	r.client, err = github.NewClient(github.WithHTTPClient(caller), github.WithURLs(&base, nil),
		github.WithDisableRateLimitCheck(), github.WithUserAgent("rt-bot"))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return r, nil
}

// CommitURL is the page of a commit, for people. It is built from the configuration, never taken from an answer, and is
// empty for what is not the name of a commit.
func (r *Repository) CommitURL(sha string) string {
	if !isSHA(sha) {
		return ""
	}
	return r.page + "/commit/" + sha
}

// FileURL is the page of a file's line on the branch, for people. It is built from the configuration and the file's path.
func (r *Repository) FileURL(path string, line int) string {
	parts := strings.Split(r.branch+"/"+path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return fmt.Sprintf("%s/blob/%s#L%d", r.page, strings.Join(parts, "/"), line)
}

// SecretsURL is the page where a person changes the secrets of the repository's workflows.
func (r *Repository) SecretsURL() string { return r.page + "/settings/secrets/actions" }

// parseRepository splits "owner/name" and takes only what GitHub allows in names.
func parseRepository(s string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(s, "/")
	valid := regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	if !ok || !valid.MatchString(owner) || !valid.MatchString(name) || strings.Trim(owner, ".") == "" || strings.Trim(name, ".") == "" {
		return "", "", fmt.Errorf("%q is not a repository: write owner/name", s)
	}
	return owner, name, nil
}

// validBranch takes the names that Git takes, without those that need quoting.
func validBranch(s string) bool {
	valid := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,200}$`)
	return valid.MatchString(s) && !strings.Contains(s, "..") && !strings.Contains(s, "//") && !strings.Contains(s, "@{") &&
		!strings.HasSuffix(s, "/") && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ".lock")
}

// parseAPI reads the base address and gives it a final slash.
func parseAPI(s string) (*url.URL, error) {
	if s == "" {
		s = publicAPI
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.RawQuery != "" {
		return nil, fmt.Errorf("%q is not the address of an API", redacted(s))
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/"
	u.RawPath, u.Fragment = "", ""
	return u, nil
}

// redacted takes a password out of an address that somebody put there.
func redacted(s string) string {
	if i := strings.LastIndex(s, "@"); i >= 0 {
		return s[i+1:]
	}
	return s
}

// graphqlURL is beside the REST API, or one folder up on an Enterprise Server.
func graphqlURL(api *url.URL) string {
	u := *api
	u.Path = strings.TrimSuffix(u.Path, "v3/") + "graphql"
	return u.String()
}

// pageURL is where people look at what the API serves.
func pageURL(api *url.URL) string {
	u := url.URL{Scheme: api.Scheme, Host: strings.TrimPrefix(api.Host, "api.")}
	return u.String()
}

// isSHA says whether s is the full name of a commit, a tree or a blob.
func isSHA(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == ""
}
