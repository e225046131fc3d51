package githubtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// windowLength is how long requests are counted for.
const windowLength = time.Hour

// maxBody is the largest request that is read.
const maxBody = 48 << 20

// route is one thing that is served.
type route struct {
	// pattern is a pattern of http.ServeMux, and the name of the operation in faults and in the log.
	pattern string
	// resource and access are the permission that is needed; none where resource is empty.
	resource string
	access   string
	answer   func(*request) (any, error)
}

// request is a request with what is known about who makes it.
type request struct {
	*http.Request
	token Token
	known bool
	body  []byte
}

// raw is an answer that is not JSON.
type raw struct {
	contentType string
	body        []byte
}

// reply is an answer with another status than 200.
type reply struct {
	status   int
	location string
	body     []byte
}

type requestKey struct{}

// ServeHTTP answers one request: at the root, as api.github.com does, and under /api, as GitHub Enterprise Server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.config.Admin && strings.HasPrefix(r.URL.Path, "/_lab/") {
		s.admin(w, r)
		return
	}
	plain := withoutPrefix(r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
		return
	}
	req := &request{Request: plain, body: body}
	req.token, req.known = s.config.Tokens[bearer(r)]
	operation := s.operation(req)
	fault := s.fault(operation)
	got := s.carryOut(r.Context(), req, fault)
	s.log(Call{Operation: operation, Method: r.Method, Path: plain.URL.Path, Login: req.token.Login, Status: got.status})
	fault.send(w, r, got)
}

// carryOut does what is asked, unless the fault keeps it from being done.
func (s *Server) carryOut(ctx context.Context, r *request, fault Fault) *response {
	if fault.stops() {
		return fault.response(s.config.Now())
	}
	r.Request = r.WithContext(context.WithValue(ctx, requestKey{}, r))
	got := newResponse()
	s.mux.ServeHTTP(got, r.Request)
	if fault.Kind.replaces() {
		return fault.response(s.config.Now())
	}
	return got
}

// handler checks who asks, then answers and writes the headers that GitHub writes.
func (s *Server) handler(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r, ok := hr.Context().Value(requestKey{}).(*request)
		if !ok {
			http.Error(w, "no request", http.StatusInternalServerError)
			return
		}
		r.Request = hr
		w.Header().Set("X-Github-Request-Id", requestID())
		w.Header().Set("X-Github-Media-Type", "github.v3; format=json")
		if rt.resource != "" {
			w.Header().Set("X-Accepted-Github-Permissions", rt.resource+"="+rt.access)
		}
		if err := s.allow(w.Header(), rt, r); err != nil {
			writeError(w, err)
			return
		}
		answer, err := rt.answer(r)
		if err != nil {
			writeError(w, err)
			return
		}
		s.write(w, r, answer)
	})
}

// write sends an answer, or 304 where the asker has it already.
func (s *Server) write(w http.ResponseWriter, r *request, answer any) {
	if special, ok := answer.(reply); ok {
		special.write(w)
		return
	}
	content, ok := answer.(raw)
	if !ok {
		body, err := json.Marshal(answer)
		if err != nil {
			writeError(w, err)
			return
		}
		content = raw{contentType: "application/json; charset=utf-8", body: body}
	}
	w.Header().Set("Content-Type", content.contentType)
	if r.Method == http.MethodGet {
		sum := sha256.Sum256(append([]byte(r.token.Login+"\x00"), content.body...))
		tag := `"` + hex.EncodeToString(sum[:]) + `"`
		w.Header().Set("Etag", tag)
		w.Header().Set("Cache-Control", "private, max-age=60, s-maxage=60")
		if strings.TrimPrefix(r.Header.Get("If-None-Match"), "W/") == tag {
			s.refund(r.token, resource(r.URL.Path))
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	_, _ = w.Write(content.body)
}

func (r reply) write(w http.ResponseWriter) {
	if r.location != "" {
		w.Header().Set("Location", r.location)
	}
	if len(r.body) > 0 {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// allow checks the token, its hourly requests and the permission that the route needs.
func (s *Server) allow(h http.Header, rt route, r *request) error {
	if bearer(r.Request) != "" && !r.known {
		return errBadCredentials
	}
	if !s.charge(h, r.token, resource(r.URL.Path)) {
		return errPrimaryLimit(r.token.Login)
	}
	if rt.resource == "" {
		return nil
	}
	if owner := r.PathValue("owner"); !s.isRepository(owner, r.PathValue("repo")) || !r.token.sees() {
		return errNotFound
	}
	if !r.token.may(rt.resource, rt.access) {
		return errForbidden(r.token)
	}
	return nil
}

// may says whether the token has that access.
func (t Token) may(resource, access string) bool {
	got := t.Permissions[resource]
	if resource == "metadata" {
		return t.sees()
	}
	return got == access || got == "write" || got == "admin"
}

// sees says whether the repository exists for this token.
func (t Token) sees() bool { return len(t.Permissions) > 0 }

// charge counts one request against the token's hour and writes the headers that say how many are left.
func (s *Server) charge(h http.Header, t Token, resource string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	if now.Sub(s.window) >= windowLength {
		s.window, s.used = now, map[string]int{}
	}
	key := t.Login + " " + resource
	enough := s.used[key] < s.config.RateLimit
	if enough {
		s.used[key]++
	}
	rateHeaders(h, resource, s.config.RateLimit, s.used[key], s.window.Add(windowLength))
	return enough
}

// refund gives a request back: an answer that the asker has already costs nothing.
func (s *Server) refund(t Token, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used[t.Login+" "+resource]--
}

func rateHeaders(h http.Header, resource string, limit, used int, reset time.Time) {
	h.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(limit-used))
	h.Set("X-Ratelimit-Used", strconv.Itoa(used))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	h.Set("X-Ratelimit-Resource", resource)
}

// resource is the pool of requests that a path belongs to.
func resource(path string) string {
	if path == "/graphql" {
		return "graphql"
	}
	return "core"
}

// withoutPrefix turns the paths of GitHub Enterprise Server into those of api.github.com.
func withoutPrefix(r *http.Request) *http.Request {
	for _, prefix := range []string{"/api/v3", "/api"} {
		if path, ok := strings.CutPrefix(r.URL.Path, prefix+"/"); ok {
			r = r.Clone(r.Context())
			r.URL.Path = "/" + path
			r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, prefix)
			return r
		}
	}
	return r
}

// bearer gives the token that came with the request.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return token
	}
	return ""
}

func requestID() string { return strings.ToUpper(rand.Text()[:16]) }

// writeError answers in GitHub's words.
func writeError(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = &apiError{Status: http.StatusInternalServerError, Message: "Server Error: " + err.Error()}
	}
	e.write(w)
}

// response keeps an answer until it is known what is to become of it.
type response struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newResponse() *response { return &response{status: http.StatusOK, header: http.Header{}} }

// Header is the http.ResponseWriter's.
func (r *response) Header() http.Header { return r.header }

// Write is the http.ResponseWriter's.
func (r *response) Write(p []byte) (int, error) { return r.body.Write(p) }

// WriteHeader is the http.ResponseWriter's.
func (r *response) WriteHeader(status int) { r.status = status }
