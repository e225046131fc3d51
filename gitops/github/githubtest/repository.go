package githubtest

import (
	"errors"
	"net/http"
	"strings"
)

// repositoryRoutes are what is said about the repository as a whole.
func (s *Server) repositoryRoutes() []route {
	return []route{
		{pattern: "GET /repos/{owner}/{repo}", resource: "metadata", access: "read", answer: s.getRepository},
		{pattern: "GET /repos/{owner}/{repo}/branches/{branch}", resource: "contents", access: "read", answer: s.getBranch},
		{pattern: "GET /repos/{owner}/{repo}/rules/branches/{branch}", resource: "metadata", access: "read", answer: s.getRules},
		{pattern: "GET /rate_limit", answer: s.getRateLimit},
		{pattern: "GET /", answer: s.commitPage},
		{pattern: "POST /", answer: s.nothing},
	}
}

// operation names what a request asks for, as faults and the log have it.
func (s *Server) operation(r *request) string {
	_, pattern := s.mux.Handler(r.Request)
	if strings.HasSuffix(pattern, " /graphql") {
		return rootField(r.body)
	}
	return pattern
}

// nothing answers for each path that is not served.
func (s *Server) nothing(*request) (any, error) { return nil, errNotFound }

func (s *Server) getRepository(r *request) (any, error) {
	write := r.token.may("contents", "write")
	admin := r.token.Permissions["administration"] == "write"
	return map[string]any{
		"id":             1,
		"node_id":        "R_1",
		"name":           s.config.Name,
		"full_name":      s.fullName(),
		"private":        true,
		"visibility":     "private",
		"owner":          map[string]any{"login": s.config.Owner, "id": 1, "type": "Organization"},
		"default_branch": s.config.Branch,
		"archived":       s.current().Archived,
		"disabled":       false,
		"html_url":       s.html(r, ""),
		"url":            s.api(r, ""),
		"permissions": map[string]bool{
			"admin": admin, "maintain": admin, "push": write, "triage": write, "pull": r.token.may("contents", "read"),
		},
	}, nil
}

func (s *Server) getBranch(r *request) (any, error) {
	name := r.PathValue("branch")
	oid, err := s.git.commit(r.Context(), "refs/heads/"+name)
	if errors.Is(err, errMissing) {
		return nil, &apiError{Status: http.StatusNotFound, Message: "Branch not found"}
	}
	if err != nil {
		return nil, err
	}
	commit, err := s.git.record(r.Context(), oid)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"name":      name,
		"commit":    s.commitJSON(r, commit),
		"protected": s.current().PullRequests && name == s.config.Branch,
		"_links":    map[string]string{"html": s.html(r, "/tree/"+name), "self": s.api(r, "/branches/"+name)},
	}, nil
}

func (s *Server) getRules(r *request) (any, error) {
	rules := []any{}
	if s.current().PullRequests && r.PathValue("branch") == s.config.Branch {
		rules = append(rules, map[string]any{
			"type":                "pull_request",
			"ruleset_source_type": "Repository",
			"ruleset_source":      s.fullName(),
			"ruleset_id":          1,
			"parameters": map[string]any{
				"dismiss_stale_reviews_on_push":     false,
				"require_code_owner_review":         false,
				"require_last_push_approval":        false,
				"required_approving_review_count":   1,
				"required_review_thread_resolution": false,
			},
		})
	}
	return rules, nil
}

func (s *Server) getRateLimit(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resources := map[string]any{}
	for _, name := range []string{"core", "graphql"} {
		used := s.used[r.token.Login+" "+name]
		resources[name] = map[string]any{
			"limit": s.config.RateLimit, "used": used, "remaining": s.config.RateLimit - used,
			"reset": s.window.Add(windowLength).Unix(),
		}
	}
	return map[string]any{"resources": resources, "rate": resources["core"]}, nil
}

// api is the address of something in the REST API, as the asker reached it.
func (s *Server) api(r *request, path string) string {
	return "http://" + r.Host + "/repos/" + s.fullName() + path
}

// html is the address of a page about something.
func (s *Server) html(r *request, path string) string {
	return "http://" + r.Host + "/" + s.fullName() + path
}
