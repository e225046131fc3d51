package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-github/v92/github"

	"rtbot/gitops"
)

// call makes one request with its own deadline. An answer that is lost after sending, or that says nothing, is the given
// error: nothing was learned by a read, and it is not known what a write has done.
func (r *Repository) call(ctx context.Context, lost error, do func(context.Context) error) error {
	if left := r.pause.left(r.now()); left > 0 {
		return &gitops.RefusedError{Code: gitops.RateLimited, RetryAfter: left}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	a := &attempt{}
	err := do(context.WithValue(ctx, attemptKey{}, a))
	if err == nil {
		r.pause.over()
		return nil
	}
	return r.judge(a, lost, err)
}

// read is a call that changes nothing.
func (r *Repository) read(ctx context.Context, do func(context.Context) error) error {
	return r.call(ctx, gitops.ErrUnreachable, do)
}

// question is a GraphQL request.
type question struct {
	Query     string `json:"query"`
	Variables any    `json:"variables"`
}

// graphAnswer is a GraphQL answer.
type graphAnswer struct {
	Data   json.RawMessage `json:"data"`
	Errors graphErrors     `json:"errors"`
}

// ask sends a GraphQL request and reads its data into v. Data that came is read even where there are errors beside it, and
// the errors are given too.
func (r *Repository) ask(ctx context.Context, q question, v any) error {
	req, err := r.client.NewRequest(ctx, http.MethodPost, r.graphql, q)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	var answer graphAnswer
	if _, err := r.client.Do(req, &answer); err != nil {
		return err
	}
	if len(answer.Data) > 0 {
		if err := json.Unmarshal(answer.Data, v); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	if len(answer.Errors) > 0 {
		return answer.Errors
	}
	if len(answer.Data) == 0 || string(answer.Data) == "null" {
		return errors.New("an answer without data")
	}
	return nil
}

// graphErrors are the errors of a GraphQL answer.
type graphErrors []graphError

type graphError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// Error gives the first of them.
func (e graphErrors) Error() string { return e[0].Type + ": " + e[0].Message }

// has says whether one of them is of that type.
func (e graphErrors) has(kind string) bool {
	for _, one := range e {
		if one.Type == kind {
			return true
		}
	}
	return false
}

// pageOf asks for one page of a list.
func pageOf(n, size int) *github.ListOptions { return &github.ListOptions{Page: n, PerPage: size} }
