package githubtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a way in which the next requests go wrong.
type Fault struct {
	// Operation is which requests: "mutation createCommitOnBranch", "query repository", or a route as Call has it;
	// empty means each.
	Operation string    `json:"operation"`
	Kind      FaultKind `json:"kind"`
	// Done says that what is asked is done first: only the answer goes wrong.
	Done bool `json:"done"`
	// Times is how many requests go wrong; 0 means one.
	Times int `json:"times"`
	// Wait is how long a slow answer takes, or how long a limit asks to wait.
	Wait time.Duration `json:"wait"`
}

// FaultKind is what goes wrong.
type FaultKind string

// What can go wrong.
const (
	Drop           FaultKind = "drop"            // the connection is closed without an answer
	ServerError    FaultKind = "server-error"    // 500
	BadGateway     FaultKind = "bad-gateway"     // 502 with a page of HTML
	SecondaryLimit FaultKind = "secondary-limit" // 403 with Retry-After, where Wait is given
	PrimaryLimit   FaultKind = "primary-limit"   // 403 with no requests remaining
	Slow           FaultKind = "slow"            // the answer comes after Wait
	TruncatedJSON  FaultKind = "truncated"       // the answer ends in its middle
	BadCredentials FaultKind = "bad-credentials" // 401
	HTML           FaultKind = "html"            // 200 with a page of HTML
)

// Call is one request that was made.
type Call struct {
	// Operation is the root field of a GraphQL request ("query repository") or the route of a REST request.
	Operation string `json:"operation"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Login     string `json:"login"`
	Status    int    `json:"status"`
}

// Fault lets the next requests that fit go wrong, after the faults that were asked for before.
func (s *Server) Fault(f Fault) {
	f.Times = max(f.Times, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults takes back the faults that have not happened.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Calls lists the requests that were made, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// maxCalls bounds the log of a server that runs for long.
const maxCalls = 10_000

func (s *Server) log(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) == maxCalls {
		s.calls = slices.Delete(s.calls, 0, maxCalls/2)
	}
	s.calls = append(s.calls, c)
}

// fault takes the first fault that fits the operation, once; the zero Fault does nothing.
func (s *Server) fault(operation string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Operation != "" && f.Operation != operation {
			continue
		}
		f.Times--
		if f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return *f
	}
	return Fault{}
}

// replaces says whether the answer is another than the real one.
func (k FaultKind) replaces() bool {
	return k != "" && k != Drop && k != Slow && k != TruncatedJSON
}

// stops says whether the request is not carried out.
func (f Fault) stops() bool {
	return !f.Done && (f.Kind == Drop || f.Kind.replaces())
}

// response is what the fault answers.
func (f Fault) response(now time.Time) *response {
	got := newResponse()
	switch f.Kind {
	case ServerError:
		(&apiError{Status: http.StatusInternalServerError, Message: "Server Error"}).write(got)
	case BadGateway:
		page(got, http.StatusBadGateway, "Unicorn! &middot; GitHub")
	case HTML:
		page(got, http.StatusOK, "Sign in to the proxy")
	case BadCredentials:
		errBadCredentials.write(got)
	case SecondaryLimit:
		f.secondary(got)
	case PrimaryLimit:
		rateHeaders(got.header, "core", 5000, 5000, now.Add(f.Wait))
		errPrimaryLimit("1").write(got)
	case Drop, Slow, TruncatedJSON:
	}
	return got
}

func (f Fault) secondary(got *response) {
	if f.Wait > 0 {
		got.header.Set("Retry-After", strconv.Itoa(int(f.Wait.Seconds())))
	}
	(&apiError{
		Status:           http.StatusForbidden,
		Message:          "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		DocumentationURL: docs + "/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
	}).write(got)
}

func page(got *response, status int, title string) {
	got.header.Set("Content-Type", "text/html")
	got.status = status
	fmt.Fprintf(&got.body, "<!DOCTYPE html>\n<html><head><title>%s</title></head></html>\n", title)
}

// send writes the answer, as the fault lets it through.
func (f Fault) send(w http.ResponseWriter, r *http.Request, got *response) {
	if f.Kind == Drop {
		hangUp(w)
		return
	}
	if f.Kind == Slow {
		timer := time.NewTimer(f.Wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	maps.Copy(w.Header(), got.header)
	body := got.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if f.Kind == TruncatedJSON {
		body = body[:len(body)/2]
	}
	if got.status == http.StatusNotModified {
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(got.status)
	_, _ = w.Write(body)
}

// hangUp closes the connection without a word.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the connection cannot be closed", http.StatusInternalServerError)
		return
	}
	_ = conn.Close()
}
