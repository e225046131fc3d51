package web_test

import (
	"bufio"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
)

const (
	goodForm = "line=status+gitea&key=k1"
	goodJSON = `{"line":"status gitea","key":"k2"}`
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// raw sends bytes as they are, as no client would, and reads the answer.
func raw(t *testing.T, at *site, text string) (int, string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, all(t, answer)
}

func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	at := open(t, &talk{}, nil)
	other := at.port ^ 1
	tests := []struct {
		name, host string
		want       int
	}{
		{"the address", fmt.Sprintf("127.0.0.1:%d", at.port), 200},
		{"another address of this machine", fmt.Sprintf("127.0.0.2:%d", at.port), 200},
		{"the name", fmt.Sprintf("localhost:%d", at.port), 200},
		{"the name in capitals", fmt.Sprintf("LocalHost:%d", at.port), 200},
		{"the address of IPv6", fmt.Sprintf("[::1]:%d", at.port), 200},
		{"another site", "evil.example", 403},
		{"another site with our port", fmt.Sprintf("evil.example:%d", at.port), 403},
		{"a name that begins like ours", fmt.Sprintf("localhost.evil.example:%d", at.port), 403},
		{"a name that begins like our address", fmt.Sprintf("127.0.0.1.evil.example:%d", at.port), 403},
		{"another port", fmt.Sprintf("127.0.0.1:%d", other), 403},
		{"our port with a zero before it", fmt.Sprintf("127.0.0.1:0%d", at.port), 403},
		{"no port", "127.0.0.1", 403},
		{"a port and no name", fmt.Sprintf(":%d", at.port), 403},
		{"nothing", "", 403},
		{"the name with a trailing dot", fmt.Sprintf("localhost.:%d", at.port), 403},
		{"the address with a trailing dot", fmt.Sprintf("127.0.0.1.:%d", at.port), 403},
		{"every address", fmt.Sprintf("0.0.0.0:%d", at.port), 403},
		{"an address of a network", fmt.Sprintf("192.168.1.10:%d", at.port), 403},
		{"an address with a zone", fmt.Sprintf("[::1%%25lo]:%d", at.port), 403},
		{"the address as one number", fmt.Sprintf("2130706433:%d", at.port), 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := raw(t, at, "GET / HTTP/1.1\r\nHost: "+tt.host+"\r\nConnection: close\r\n\r\n")
			if status != tt.want {
				t.Errorf("Host %q was answered with %d, not %d", tt.host, status, tt.want)
			}
			if tt.want == 403 && body != `{"error":"[web.error-host]"}`+"\n" {
				t.Errorf("Host %q was told %q", tt.host, body)
			}
		})
	}
}

func TestThePortOfHTTPMayBeLeftOut(t *testing.T) {
	s, _ := build(t, &talk{}, nil)
	for host, want := range map[string]int{
		"localhost": 200, "localhost:80": 200, "127.0.0.1": 200, "[::1]": 200,
		"localhost:8090": 403, "evil.example": 403, "evil.example:80": 403, "localhost.": 403, "": 403,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		answer := httptest.NewRecorder()
		s.Handler(80).ServeHTTP(answer, r)
		if answer.Code != want {
			t.Errorf("Host %q was answered with %d, not %d", host, answer.Code, want)
		}
	}
}

// What a browser or a program says of itself decides whether it may read the page, and say a line in either way.
func TestPagesOfOtherSitesCanSayNothing(t *testing.T) {
	const own = "http://HOST"
	tests := []struct {
		name             string
		header           []string
		page, form, json int
	}{
		{"a program that does not say so", nil, 200, 403, 403},
		{"a program that says so", []string{"Rt-Client", "bot"}, 200, 403, 202},
		{"a program that says so with nothing", []string{"Rt-Client", ""}, 200, 403, 403},
		{"our own page", []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, 200, 303, 202},
		{"our own page in an old browser", []string{"Origin", own}, 200, 303, 202},
		{"our own page in capitals", []string{"Origin", "HTTP://HOST"}, 200, 303, 202},
		{"our own page that names no origin", []string{"Sec-Fetch-Site", "same-origin"}, 200, 303, 202},
		{"an address that was typed", []string{"Sec-Fetch-Site", "none"}, 200, 403, 403},
		{"an address that was typed, and our own origin", []string{"Sec-Fetch-Site", "none", "Origin", own}, 200, 303, 202},
		{"another site", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403, 403, 403},
		{"another site in an old browser", []string{"Origin", "https://evil.example"}, 403, 403, 403},
		{"another site that plays a program", []string{"Origin", "https://evil.example", "Rt-Client", "bot"}, 403, 403, 403},
		{"another site that names no origin", []string{"Sec-Fetch-Site", "cross-site"}, 200, 403, 403},
		{"another site that plays our origin", []string{"Sec-Fetch-Site", "cross-site", "Origin", own}, 200, 403, 403},
		{"another site that plays a program and names no origin", []string{"Sec-Fetch-Site", "cross-site", "Rt-Client", "bot"}, 200, 403, 403},
		{"another port of this machine", []string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, 403, 403, 403},
		{"another port that names no origin", []string{"Sec-Fetch-Site", "same-site"}, 200, 403, 403},
		{"our port under another name", []string{"Origin", "http://localhost:PORT"}, 403, 403, 403},
		{"our name with TLS", []string{"Origin", "https://HOST"}, 403, 403, 403},
		{"our origin with a path", []string{"Origin", own + "/"}, 403, 403, 403},
		{"no origin at all, said so", []string{"Origin", "null"}, 403, 403, 403},
		{"an empty origin", []string{"Origin", ""}, 403, 403, 403},
		{"two origins", []string{"Origin", own, "Origin", "https://evil.example"}, 403, 403, 403},
		{"a place that no browser names", []string{"Sec-Fetch-Site", "strange"}, 200, 403, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := &talk{}
			at := open(t, k, nil)
			header := func(more ...string) http.Header {
				h := with(append(more, tt.header...)...)
				for _, v := range h["Origin"] {
					h["Origin"] = append(h["Origin"][1:], strings.NewReplacer("HOST", at.host, "PORT", strconv.Itoa(at.port)).Replace(v))
				}
				return h
			}
			got := map[string]int{
				"page": at.ask(t, http.MethodGet, "/", "", header()).StatusCode,
				"form": at.ask(t, http.MethodPost, "/say", goodForm, header("Content-Type", formType)).StatusCode,
				"json": at.ask(t, http.MethodPost, "/say", goodJSON, header("Content-Type", jsonType)).StatusCode,
			}
			if diff := cmp.Diff(map[string]int{"page": tt.page, "form": tt.form, "json": tt.json}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var accepted int
			for status := range maps.Values(got) {
				if status == 303 || status == 202 {
					accepted++
				}
			}
			if heard := k.heard(); len(heard) != accepted {
				t.Errorf("%d lines were accepted, and received were %v", accepted, heard)
			}
		})
	}
}

func TestALinkOfAnotherSiteLeadsToThePageOnly(t *testing.T) {
	at := open(t, &talk{messages: []chat.Message{message("1", 1, chat.Done)}}, nil)
	for _, path := range []string{"/events", "/messages/1", "/messages/1/events", "/assets/page.js", "/nowhere"} {
		status, body := at.read(t, path, with("Sec-Fetch-Site", "cross-site"))
		if status != 403 || !strings.Contains(body, "[web.error-origin]") {
			t.Errorf("%s was answered with %d %q", path, status, body)
		}
	}
}

var hardened = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cache-Control":                "no-store",
	"Access-Control-Allow-Origin":  "",
}

func checkHardened(t *testing.T, h http.Header) {
	t.Helper()
	got := map[string]string{}
	for name := range hardened {
		got[name] = h.Get(name)
	}
	if diff := cmp.Diff(hardened, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	tests := []struct {
		name, method, path, kind, body string
		broken                         bool
		origin                         string
		want                           int
	}{
		{name: "the page", method: "GET", path: "/", want: 200},
		{name: "a part of the page", method: "GET", path: "/assets/style.css", want: 200},
		{name: "no such part", method: "GET", path: "/assets/none", want: 404},
		{name: "no such path", method: "GET", path: "/none", want: 404},
		{name: "no such method", method: "DELETE", path: "/", want: 405},
		{name: "a path that is not clean", method: "GET", path: "//assets/../say", want: 307},
		{name: "a message", method: "GET", path: "/messages/1", want: 200},
		{name: "no such message", method: "GET", path: "/messages/9", want: 404},
		{name: "a stream of one card", method: "GET", path: "/messages/1/events", want: 200},
		{name: "a form", method: "POST", path: "/say", kind: formType, body: goodForm, want: 303},
		{name: "JSON", method: "POST", path: "/say", kind: jsonType, body: goodJSON, want: 202},
		{name: "a body that cannot be read", method: "POST", path: "/say", kind: jsonType, body: "{", want: 400},
		{name: "another type", method: "POST", path: "/say", kind: "text/plain", body: "status", want: 415},
		{name: "another site", method: "GET", path: "/", origin: "https://evil.example", want: 403},
		{name: "a store that fails under the page", method: "GET", path: "/", broken: true, want: 503},
		{name: "a store that fails under a line", method: "POST", path: "/say", kind: jsonType, body: goodJSON, broken: true, want: 503},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := &talk{messages: []chat.Message{message("1", 1, chat.Done)}}
			if tt.broken {
				k.tearDown()
			}
			at := open(t, k, nil)
			header := with("Origin", "http://"+at.host, "Content-Type", tt.kind)
			if tt.origin != "" {
				header.Set("Origin", tt.origin)
			}
			answer := at.ask(t, tt.method, tt.path, tt.body, header)
			if answer.StatusCode != tt.want {
				t.Errorf("status %d, not %d", answer.StatusCode, tt.want)
			}
			checkHardened(t, answer.Header)
		})
	}
}
