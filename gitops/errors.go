package gitops

import (
	"errors"
	"fmt"
	"time"
)

// ErrMoved means that the branch is no longer at the commit that a change was planned on: plan again.
var ErrMoved = errors.New("the branch moved")

// ErrOutcomeUnknown means that a write was sent and its answer was lost: it may have been done. Look before trying again.
var ErrOutcomeUnknown = errors.New("the answer was lost")

// ErrUnreachable means that the other side did not answer and nothing was done.
var ErrUnreachable = errors.New("not reachable")

// RefusedError is a clear no of GitHub or Argo CD: trying again does not help before something changes.
type RefusedError struct {
	Code Refusal
	// Status is the HTTP status, or 0.
	Status int
	// Detail is what the other side said: untrusted text, for the log and for a masked quote.
	Detail string
	// RetryAfter is how long the other side asked to wait; 0 where it did not.
	RetryAfter time.Duration
}

// Refusal is why the other side said no.
type Refusal string

// The refusals that callers tell apart.
const (
	BadToken    Refusal = "bad-token"    // 401: the token is wrong or has ended
	Forbidden   Refusal = "forbidden"    // 403: the token may not do this
	NotFound    Refusal = "not-found"    // 404: no such repository, branch or file, or no right to see it
	Protected   Refusal = "protected"    // the branch takes no direct commits
	Archived    Refusal = "archived"     // the repository is read-only
	RateLimited Refusal = "rate-limited" // 403 or 429 with a time to wait
	Invalid     Refusal = "invalid"      // the request as such was refused
	TooOld      Refusal = "too-old"      // a run of a workflow that can no longer be run again
	Busy        Refusal = "busy"         // another run or sync of the same is under way
)

// Error says what was refused and how.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused (%s, status %d): %s", e.Code, e.Status, e.Detail)
}
