package githubtest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"

	gqlerrors "github.com/graph-gophers/graphql-go/errors"
)

// graphqlRoutes is the one address that GraphQL has.
func (s *Server) graphqlRoutes() []route {
	return []route{{pattern: "POST /graphql", answer: s.query}}
}

// question is a GraphQL request.
type question struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// problem is an error in a GraphQL answer, with its type where GitHub has it.
type problem struct {
	Type       string               `json:"type,omitempty"`
	Path       []any                `json:"path,omitempty"`
	Extensions map[string]any       `json:"extensions,omitempty"`
	Locations  []gqlerrors.Location `json:"locations,omitempty"`
	Message    string               `json:"message"`
}

func (s *Server) query(r *request) (any, error) {
	if !r.known {
		return nil, errUnauthorized
	}
	var q question
	if err := json.Unmarshal(r.body, &q); err != nil {
		return nil, &apiError{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}
	}
	if q.Query == "" {
		return nil, &apiError{Status: http.StatusBadRequest, Message: "A query attribute must be specified and must be a string."}
	}
	got := s.schema.Exec(r.Context(), q.Query, q.OperationName, q.Variables)
	if tooMuch(got.Errors) {
		return nil, &apiError{Status: http.StatusBadGateway, Message: "We couldn't respond to your request in time."}
	}
	answer := map[string]any{}
	if len(got.Data) > 0 {
		answer["data"] = got.Data
	}
	if len(got.Errors) > 0 {
		answer["errors"] = problems(got.Errors)
	}
	return answer, nil
}

// problems moves the type of each error to where GitHub has it.
func problems(list []*gqlerrors.QueryError) []problem {
	out := make([]problem, 0, len(list))
	for _, e := range list {
		p := problem{Path: e.Path, Locations: e.Locations, Message: e.Message}
		if kind, ok := e.Extensions["type"].(string); ok {
			p.Type = kind
		}
		out = append(out, p)
	}
	return out
}

// rootFields finds the kind of a GraphQL operation and its first field.
const rootFields = `^\s*(query|mutation)?\b[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)`

// rootField names the operation of a GraphQL request, as "mutation createCommitOnBranch".
func rootField(body []byte) string {
	var q question
	if err := json.Unmarshal(body, &q); err != nil {
		return "query"
	}
	found := regexp.MustCompile(rootFields).FindStringSubmatch(q.Query)
	if found == nil {
		return "query"
	}
	if found[1] == "" {
		found[1] = "query"
	}
	return found[1] + " " + found[2]
}

// asker gives the request that a resolver answers for.
func asker(ctx context.Context) *request {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return &request{}
	}
	return r
}
