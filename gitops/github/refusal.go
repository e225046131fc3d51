package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v92/github"

	"rtbot/gitops"
)

// maxDetail is how much of what GitHub said is kept.
const maxDetail = 500

// answerError is an answer that tells nothing: a page of an error, half an answer, or one that is too large.
type answerError struct {
	status int
	detail string
	err    error
}

// Error says what came.
func (e *answerError) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.detail) }

// Unwrap gives the cause.
func (e *answerError) Unwrap() error { return e.err }

// judge says what an error means: refused, not reachable, or lost on the way.
func (r *Repository) judge(a *attempt, lost, err error) error {
	if _, ok := errors.AsType[*tokenError](err); ok {
		return fmt.Errorf("%w: %w", gitops.ErrUnreachable, err)
	}
	if !a.sent.Load() {
		return fmt.Errorf("%w: %w", gitops.ErrUnreachable, err)
	}
	if list, ok := errors.AsType[graphErrors](err); ok && list.has("STALE_DATA") {
		return gitops.ErrMoved
	}
	if limited(a, err) {
		wait := r.pause.begin(a.header, r.now())
		return &gitops.RefusedError{Code: gitops.RateLimited, Status: a.status, Detail: detail(a, err), RetryAfter: wait}
	}
	if code := refusal(a.status, err); code != "" {
		return &gitops.RefusedError{Code: code, Status: a.status, Detail: detail(a, err)}
	}
	if a.status != 0 {
		err = &answerError{status: a.status, detail: detail(a, err), err: err}
	}
	return fmt.Errorf("%w: %w", lost, err)
}

// limited says whether the answer is one of GitHub's limits.
func limited(a *attempt, err error) bool {
	if list, ok := errors.AsType[graphErrors](err); ok {
		return list.has("RATE_LIMITED") || list.has("RATE_LIMIT")
	}
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	if errors.As(err, &primary) || errors.As(err, &secondary) || a.status == http.StatusTooManyRequests {
		return true
	}
	return a.status == http.StatusForbidden && a.header.Get("Retry-After") != ""
}

// refusal is the code of a clear no, or empty where nothing is clear.
func refusal(status int, err error) gitops.Refusal {
	if list, ok := errors.AsType[graphErrors](err); ok {
		return list.refusal()
	}
	switch {
	case status == http.StatusUnauthorized:
		return gitops.BadToken
	case status == http.StatusForbidden:
		return ruled(err.Error(), gitops.Forbidden)
	case status == http.StatusNotFound || status == http.StatusGone:
		return gitops.NotFound
	case status == http.StatusRequestTimeout:
		return ""
	case status >= 300 && status < 500:
		return ruled(err.Error(), gitops.Invalid)
	default:
		return ""
	}
}

// refusal is the code of a clear no among the errors of a GraphQL answer. Types that are not known say nothing about what
// was done.
func (e graphErrors) refusal() gitops.Refusal {
	for _, one := range e {
		switch one.Type {
		case "BRANCH_PROTECTION_RULE_VIOLATION":
			return gitops.Protected
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			return ruled(one.Message, gitops.Forbidden)
		case "NOT_FOUND":
			return gitops.NotFound
		case "UNPROCESSABLE":
			return ruled(one.Message, gitops.Invalid)
		}
	}
	return ""
}

// ruled finds the refusals that GitHub tells apart only by their words.
func ruled(message string, otherwise gitops.Refusal) gitops.Refusal {
	switch {
	case strings.Contains(message, "archived so is read-only"):
		return gitops.Archived
	case strings.Contains(message, "over a month ago"):
		return gitops.TooOld
	case strings.Contains(message, "already running"):
		return gitops.Busy
	case strings.Contains(message, "rule violations found"), strings.Contains(message, "through a pull request"),
		strings.Contains(message, "rotected branch"):
		return gitops.Protected
	default:
		return otherwise
	}
}

// detail is what GitHub said, in one line, without the token.
func detail(a *attempt, err error) string {
	text := err.Error()
	if answer, ok := errors.AsType[*github.ErrorResponse](err); ok {
		text = answer.Message
	}
	if a.secret != "" {
		text = strings.ReplaceAll(text, a.secret, "[secret]")
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if runes := []rune(text); len(runes) > maxDetail {
		text = string(runes[:maxDetail])
	}
	return text
}
