// Package githubtest is a GitHub API in front of a real bare Git repository: a commit made through it can be cloned at
// once, and a push is seen by it at once. It knows the parts of GitHub that this project calls, checks permissions as
// GitHub does, and can be told to fail. It never reaches out, and the bot never imports it.
package githubtest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/graph-gophers/graphql-go"
)

// Config says what a Server serves.
type Config struct {
	// GitDir is the bare repository.
	GitDir string
	Owner  string
	Name   string
	// Branch is the default branch.
	Branch string
	// Tokens are the tokens that are known, by their text.
	Tokens map[string]Token
	// Now is the clock.
	Now func() time.Time
	// TreeLimit is how many entries a recursive tree may list before it is cut; 0 means GitHub's 100,000.
	TreeLimit int
	// TextLimit is how many files with their text one query may give before it is given up; 0 means 1,000.
	TextLimit int
	// RateLimit is how many requests a token has in an hour; 0 means GitHub's 5,000.
	RateLimit int
	// Runner does the jobs of GitHub Actions; without one each succeeds. Server.Run has to run.
	Runner Runner
	// Admin serves the faults and the log of requests under /_lab/.
	Admin bool
}

// Token is what a token may do.
type Token struct {
	// Login is whose token it is, and the author of its commits.
	Login string
	// App says that it is an installation's token, which GitHub words differently.
	App bool
	// Permissions are the access to each resource ("contents": "write"). Without any, the repository is not seen.
	Permissions map[string]string
}

// Settings are what an owner of a repository can change.
type Settings struct {
	Archived bool
	// PullRequests is a rule on the default branch: no direct commits.
	PullRequests bool
}

// Server answers as GitHub does. New makes it.
type Server struct {
	config Config
	git    git
	// actions are the runs of workflows, and the secrets.
	actions *actions
	mux     *http.ServeMux
	schema  *graphql.Schema

	// commits serialises the writes that come through the API, as GitHub does for one branch.
	commits sync.Mutex

	mu       sync.Mutex
	settings Settings
	faults   []*Fault
	calls    []Call
	used     map[string]int
	window   time.Time
}

// New serves the repository that the configuration names.
func New(config Config) (*Server, error) {
	if config.GitDir == "" || config.Owner == "" || config.Name == "" || config.Branch == "" || config.Now == nil {
		return nil, errors.New("a GitDir, Owner, Name, Branch and Now are needed")
	}
	config.TreeLimit = orDefault(config.TreeLimit, 100_000)
	config.TextLimit = orDefault(config.TextLimit, 1_000)
	config.RateLimit = orDefault(config.RateLimit, 5_000)
	s := &Server{config: config, git: git{dir: config.GitDir}, used: map[string]int{}, window: config.Now()}
	s.actions = newActions(&s.config)
	schema, err := graphql.ParseSchema(sdl, &query{s: s}, graphql.UseFieldResolvers(), graphql.MaxDepth(20))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	s.schema = schema
	s.mux = s.routes()
	return s, nil
}

// Set changes the repository's settings.
func (s *Server) Set(settings Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
}

// current gives the repository's settings.
func (s *Server) current() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// routes lists what is served. Each route says which permission it needs; GraphQL asks field by field.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, list := range [][]route{
		s.repositoryRoutes(), s.contentRoutes(), s.commitRoutes(), s.graphqlRoutes(),
		s.actionsRoutes(), s.startRoutes(), s.secretRoutes(),
	} {
		for _, r := range list {
			mux.Handle(r.pattern, s.handler(r))
		}
	}
	return mux
}

// fullName is the repository's name with its owner.
func (s *Server) fullName() string { return s.config.Owner + "/" + s.config.Name }

// isRepository compares names as GitHub does, whatever their case.
func (s *Server) isRepository(owner, name string) bool {
	return strings.EqualFold(owner, s.config.Owner) && strings.EqualFold(name, s.config.Name)
}

func orDefault(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}
