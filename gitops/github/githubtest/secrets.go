package githubtest

import (
	"slices"
	"strings"
	"time"
)

// repositorySecret is what GitHub tells of a secret of the repository: never its value.
type repositorySecret struct {
	name             string
	created, updated time.Time
}

// SetSecret makes a secret of the repository known, or notes that it has a new value now. The value is the Runner's.
func (s *Server) SetSecret(name string) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	now := s.config.Now()
	if i := s.actions.secret(name); i >= 0 {
		s.actions.secrets[i].updated = now
		return
	}
	s.actions.secrets = append(s.actions.secrets, repositorySecret{name: strings.ToUpper(name), created: now, updated: now})
}

func (s *Server) secretRoutes() []route {
	at := "GET /repos/{owner}/{repo}/actions/secrets"
	return []route{
		{pattern: at, resource: "secrets", access: "read", answer: s.listSecrets},
		{pattern: at + "/{name}", resource: "secrets", access: "read", answer: s.getSecret},
	}
}

func (s *Server) listSecrets(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	list := []any{}
	for _, secret := range s.actions.secrets {
		list = append(list, secret.json())
	}
	return paged(r, "secrets", list), nil
}

func (s *Server) getSecret(r *request) (any, error) {
	s.actions.mu.Lock()
	defer s.actions.mu.Unlock()
	i := s.actions.secret(r.PathValue("name"))
	if i < 0 {
		return nil, errNotFound
	}
	return s.actions.secrets[i].json(), nil
}

// secret finds a secret whatever the case of its name. The caller holds the lock.
func (a *actions) secret(name string) int {
	return slices.IndexFunc(a.secrets, func(s repositorySecret) bool { return strings.EqualFold(s.name, name) })
}

func (s repositorySecret) json() map[string]any {
	return map[string]any{"name": s.name, "created_at": stamp(s.created), "updated_at": stamp(s.updated)}
}
