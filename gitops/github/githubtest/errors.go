package githubtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

const docs = "https://docs.github.com/rest"

// apiError is an error as the REST API answers it.
type apiError struct {
	Status           int    `json:"-"`
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url"`
	StatusText       string `json:"status"`
}

// Error gives GitHub's message.
func (e *apiError) Error() string { return e.Message }

func (e *apiError) write(w http.ResponseWriter) {
	body := *e
	body.StatusText = strconv.Itoa(e.Status)
	if body.DocumentationURL == "" {
		body.DocumentationURL = docs
	}
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(e.Status)
	_, _ = w.Write(text)
}

var (
	errBadCredentials = &apiError{Status: http.StatusUnauthorized, Message: "Bad credentials"}
	errNotFound       = &apiError{Status: http.StatusNotFound, Message: "Not Found"}
	errUnauthorized   = &apiError{
		Status:  http.StatusUnauthorized,
		Message: "This endpoint requires you to be authenticated.",
	}
)

func errForbidden(t Token) *apiError {
	return &apiError{Status: http.StatusForbidden, Message: forbidden(t)}
}

func errPrimaryLimit(login string) *apiError {
	return &apiError{
		Status:           http.StatusForbidden,
		Message:          "API rate limit exceeded for user " + login + ".",
		DocumentationURL: docs + "/using-the-rest-api/rate-limits-for-the-rest-api",
	}
}

func errNoCommit(rev string) *apiError {
	return &apiError{Status: http.StatusUnprocessableEntity, Message: "No commit found for SHA: " + rev}
}

func forbidden(t Token) string {
	if t.App {
		return "Resource not accessible by integration"
	}
	return "Resource not accessible by personal access token"
}

// queryError is an error as the GraphQL API answers it, with a type.
type queryError struct {
	kind    string
	message string
}

// Error gives GitHub's message.
func (e *queryError) Error() string { return e.message }

// Extensions carries the type to where the answer is written.
func (e *queryError) Extensions() map[string]any { return map[string]any{"type": e.kind} }

func queryErrorf(kind, format string, args ...any) *queryError {
	return &queryError{kind: kind, message: fmt.Sprintf(format, args...)}
}
