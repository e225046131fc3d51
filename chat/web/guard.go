package web

import (
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// clientHeader is set by programs that post JSON. A page of another site cannot set it: the browser would ask this server
// for leave first, and this server never gives it.
const clientHeader = "Rt-Client"

// policy lets the page load its own parts and nothing else, and lets nobody put it in a frame.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// harden sets the headers of every answer.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // no-referrer would make browsers send the Origin of our own forms as null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// suspect gives the key of the sentence that says why a request is not answered, or nothing. A name that an attacker made
// point at this machine fails by its Host; a page of another site, or of another port of this machine, fails by its
// Origin or by what the browser tells of the place that the request came from.
func suspect(r *http.Request, port int) string {
	if !ownHost(r.Host, port) {
		return "web.error-host"
	}
	origins := r.Header.Values("Origin")
	if len(origins) > 1 || (len(origins) == 1 && !strings.EqualFold(origins[0], "http://"+r.Host)) {
		return "web.error-origin"
	}
	if !welcome(r, len(origins) == 1) {
		return "web.error-origin"
	}
	return ""
}

// welcome judges by what a browser tells of the place that a request came from.
func welcome(r *http.Request, named bool) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return r.URL.Path == "/" && r.Method == http.MethodGet // a link may lead to the page, and to nothing else
	case "same-origin":
		return true
	default:
		return r.Method != http.MethodPost || named || program(r)
	}
}

// ownHost tells whether a Host header names this machine and our port.
func ownHost(host string, port int) bool {
	name, number, err := net.SplitHostPort(host)
	if err != nil { // a browser leaves the port out where it is HTTP's own
		name, number = strings.Trim(host, "[]"), "80"
	}
	return number == strconv.Itoa(port) && loopback(name)
}

// program tells a request of a program, as no page of another site can send it.
func program(r *http.Request) bool {
	return mediaType(r) == jsonType && r.Header.Get(clientHeader) != ""
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func mediaType(r *http.Request) string {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// fail answers with a sentence in the asker's language.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, key string) {
	_, say := s.words(accepted(r)...)
	s.answer(w, r, status, map[string]string{"error": say(key)})
}

// answer writes JSON.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.log.ErrorContext(r.Context(), "write answer", "path", r.URL.Path, "error", err)
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	s.sent(r, write(w, append(body, '\n')))
}
