package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// maxAnswer is the largest answer that is read.
const maxAnswer = 32 << 20

// errTooLarge means that an answer is larger than is ever needed.
var errTooLarge = fmt.Errorf("the answer is over %d bytes", maxAnswer)

// transport gives each request the token, and keeps what callers need to know about how it went.
type transport struct {
	next  http.RoundTripper
	token func(context.Context) (string, error)
	api   *url.URL
}

// attempt is what is known about one request.
type attempt struct {
	// sent says that there was a connection: the other side may have seen the request.
	sent atomic.Bool
	// secret is the token that was used, to be kept out of what is reported.
	secret string
	status int
	header http.Header
}

type attemptKey struct{}

// tokenError means that there is no token to send.
type tokenError struct{ err error }

// Error says what kept the token from being read.
func (e *tokenError) Error() string { return "token: " + e.err.Error() }

// Unwrap gives the cause.
func (e *tokenError) Unwrap() error { return e.err }

// RoundTrip sends the request. After a 401 it asks for the token again and, if there is another one by now, tries once more:
// a refused request has done nothing.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("a request outside of a call")
	}
	if !sameHost(req.URL, t.api) {
		return nil, fmt.Errorf("the token is not for %s", req.URL.Host)
	}
	resp, err := t.send(req, a)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	used := a.secret
	fresh, err := t.freshToken(req.Context())
	if err != nil || fresh == used {
		return resp, nil //nolint:nilerr // the 401 is the answer
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the 401 is the answer
		}
	}
	_ = resp.Body.Close()
	return t.send(again, a)
}

func (t *transport) send(req *http.Request, a *attempt) (*http.Response, error) {
	token, err := t.freshToken(req.Context())
	if err != nil {
		return nil, &tokenError{err}
	}
	a.secret = token
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.sent.Store(true) }}
	req = req.Clone(httptrace.WithClientTrace(req.Context(), trace))
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	a.status, a.header = resp.StatusCode, resp.Header
	resp.Body = &bounded{body: resp.Body, left: maxAnswer}
	return resp, nil
}

func (t *transport) freshToken(ctx context.Context) (string, error) {
	token, err := t.token(ctx)
	if err != nil {
		return "", err
	}
	if token = strings.TrimSpace(token); token == "" || strings.ContainsAny(token, "\r\n\x00") {
		return "", errors.New("it is empty or has several lines")
	}
	return token, nil
}

// stayHome follows a few redirects of a read on the same host: a renamed repository has them. Others are answers.
func stayHome(api *url.URL) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if via[0].Method != http.MethodGet || !sameHost(req.URL, api) || len(via) > 3 {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// bounded is a body that ends with an error where it is too large.
type bounded struct {
	body io.ReadCloser
	left int64
}

// Read is the io.Reader's.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	return n, err
}

// Close is the io.Closer's.
func (b *bounded) Close() error { return b.body.Close() }
