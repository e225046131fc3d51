package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/web"
)

// post says something as the page or a program of this machine does.
func (at *site) post(t *testing.T, kind, body string, more ...string) (*http.Response, string) {
	t.Helper()
	pairs := append([]string{"Origin", "http://" + at.host, "Rt-Client", "test"}, more...)
	if kind != "" {
		pairs = append(pairs, "Content-Type", kind)
	}
	answer := at.ask(t, http.MethodPost, "/say", body, with(pairs...))
	return answer, all(t, answer)
}

func TestABodyThatIsNotAsAgreedIsNotReceived(t *testing.T) {
	large := strings.Repeat("a", web.MostBody)
	tests := []struct {
		name, kind, body string
		status           int
		key              string
	}{
		{"JSON that is too large", jsonType, `{"line":"` + large + `","key":"k"}`, 413, "web.error-large"},
		{"JSON with one byte too many", jsonType, padded(web.MostBody + 1), 413, "web.error-large"},
		{"a form that is too large", formType, "line=" + large, 413, "web.error-large"},
		{"JSON that is not UTF-8", jsonType, "{\"line\":\"status \xff\",\"key\":\"k\"}", 400, "web.error-encoding"},
		{"a line twice", jsonType, `{"line":"status","line":"scale gitea 0","key":"k"}`, 400, "web.error-body"},
		{"a key twice", jsonType, `{"line":"status","key":"k","key":"k"}`, 400, "web.error-body"},
		{"a line twice, once escaped", jsonType, `{"line":"status","\u006cine":"scale gitea 0","key":"k"}`, 400, "web.error-body"},
		{"a name that is not known", jsonType, `{"line":"status","key":"k","user":"ada"}`, 400, "web.error-body"},
		{"a name in capitals", jsonType, `{"Line":"status","key":"k"}`, 400, "web.error-body"},
		{"an object in the object", jsonType, `{"line":{"line":"status"},"key":"k"}`, 400, "web.error-body"},
		{"a list in the object", jsonType, `{"line":["status"],"key":"k"}`, 400, "web.error-body"},
		{"an object in a list", jsonType, `[{"line":"status","key":"k"}]`, 400, "web.error-body"},
		{"a number as line", jsonType, `{"line":1,"key":"k"}`, 400, "web.error-body"},
		{"null as key", jsonType, `{"line":"status","key":null}`, 400, "web.error-body"},
		{"true as name", jsonType, `{"line":"status","key":"k","as":true}`, 400, "web.error-body"},
		{"a text alone", jsonType, `"status"`, 400, "web.error-body"},
		{"null alone", jsonType, `null`, 400, "web.error-body"},
		{"nothing", jsonType, ``, 400, "web.error-body"},
		{"garbage behind", jsonType, goodJSON + "x", 400, "web.error-body"},
		{"a second object behind", jsonType, goodJSON + goodJSON, 400, "web.error-body"},
		{"a bracket behind", jsonType, goodJSON + "}", 400, "web.error-body"},
		{"a comma at the end", jsonType, `{"line":"status","key":"k",}`, 400, "web.error-body"},
		{"an object without its end", jsonType, `{"line":"status","key":"k"`, 400, "web.error-body"},
		{"an object with a byte order mark", jsonType, "\ufeff" + goodJSON, 400, "web.error-body"},
		{"a name without a value", jsonType, `{"line"}`, 400, "web.error-body"},
		{"a value without a name", jsonType, `{1:"status"}`, 400, "web.error-body"},
		{"no line", jsonType, `{"key":"k"}`, 400, "web.error-body"},
		{"no key", jsonType, `{"line":"status"}`, 400, "web.error-key"},
		{"an empty key", jsonType, `{"line":"status","key":""}`, 400, "web.error-key"},
		{"a key that is too long", jsonType, `{"line":"status","key":"` + strings.Repeat("k", 129) + `"}`, 400, "web.error-key"},
		{"a key with a space", jsonType, `{"line":"status","key":"k 1"}`, 400, "web.error-key"},
		{"a key with a line end", jsonType, `{"line":"status","key":"k\n1"}`, 400, "web.error-key"},
		{"a key that is not ASCII", jsonType, `{"line":"status","key":"ké"}`, 400, "web.error-key"},
		{"a name that is too long", jsonType, `{"line":"status","key":"k","as":"` + strings.Repeat("a", 65) + `"}`, 400, "web.error-name"},
		{"a name with a space before it", jsonType, `{"line":"status","key":"k","as":" ada"}`, 400, "web.error-name"},
		{"a name with a tab in it", jsonType, `{"line":"status","key":"k","as":"a\tda"}`, 400, "web.error-name"},
		{"a name with a terminal sequence", jsonType, `{"line":"status","key":"k","as":"\u001b[1mada"}`, 400, "web.error-name"},
		{"a name that turns the reading direction", jsonType, `{"line":"status","key":"k","as":"a\u202eda"}`, 400, "web.error-name"},
		{"a form with two lines", formType, "line=status&line=scale+gitea+0", 400, "web.error-body"},
		{"a form with two keys", formType, "line=status&key=a&key=b", 400, "web.error-body"},
		{"a form with a field that is not known", formType, "line=status&user=ada", 400, "web.error-body"},
		{"a form with a broken escape", formType, "line=%zz", 400, "web.error-body"},
		{"a form with semicolons", formType, "line=status;key=k", 400, "web.error-body"},
		{"a form with a key that is too long", formType, "line=status&key=" + strings.Repeat("k", 129), 400, "web.error-key"},
		{"a form whose name is not UTF-8", formType, "line=status&as=%ff", 400, "web.error-name"},
		{"plain text", "text/plain", "status", 415, "web.error-type"},
		{"a form in parts", "multipart/form-data; boundary=x", "--x--", 415, "web.error-type"},
		{"no type", "", goodJSON, 415, "web.error-type"},
		{"a type that is none", "application/json; =", goodJSON, 415, "web.error-type"},
	}
	k := &talk{}
	at := open(t, k, func(c *web.Config) { c.Trust = web.TrustNames })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer, body := at.post(t, tt.kind, tt.body)
			if want := `{"error":"[` + tt.key + `]"}` + "\n"; answer.StatusCode != tt.status || body != want {
				t.Errorf("answered with %d %s, not with %d %s", answer.StatusCode, body, tt.status, want)
			}
			if heard := k.heard(); len(heard) > 0 {
				t.Errorf("received %v", heard)
			}
		})
	}
}

// padded is a good object of that many bytes.
func padded(size int) string {
	const frame = `{"line":"","key":"k"}`
	return `{"line":"` + strings.Repeat("a", size-len(frame)) + `","key":"k"}`
}

func TestABodyThatBreaksOffIsNotReceived(t *testing.T) {
	k := &talk{}
	at := open(t, k, nil)
	status, body := raw(t, at, "POST /say HTTP/1.1\r\nHost: "+at.host+"\r\nRt-Client: test\r\nContent-Type: application/json\r\n"+
		"Content-Length: 100\r\n\r\n"+goodJSON)
	if status != 400 || !strings.Contains(body, "[web.error-body]") || len(k.heard()) > 0 {
		t.Errorf("answered with %d %s, and received %v", status, body, k.heard())
	}
}

func TestAGoodLineIsReceivedOnceAsItWasTyped(t *testing.T) {
	visitor := chat.User{Platform: "web", ID: "visitor", Name: "visitor"}
	ada := chat.User{Platform: "web", ID: "ada", Name: "ada"}
	tests := []struct {
		name, kind, body string
		trust            web.Trust
		languages        string
		want             chat.Request
	}{
		{"JSON", jsonType, goodJSON, "", "", chat.Request{Key: "k2", Text: "status gitea", User: visitor}},
		{"JSON with its encoding", jsonType + "; charset=utf-8", goodJSON, "", "", chat.Request{Key: "k2", Text: "status gitea", User: visitor}},
		{"a form", formType, goodForm, "", "", chat.Request{Key: "k1", Text: "status gitea", User: visitor}},
		{"a button", formType, "line=typed&press=approve+k7f3q2mz&key=k", "", "", chat.Request{Key: "k", Text: "approve k7f3q2mz", User: visitor}},
		{"a name where nobody is believed", jsonType, `{"line":"x","key":"k","as":"ada"}`, "", "", chat.Request{Key: "k", Text: "x", User: visitor}},
		{"a name where nobody is believed, in a form", formType, "line=x&key=k&as=ada", "", "", chat.Request{Key: "k", Text: "x", User: visitor}},
		{"a name where names are believed", jsonType, `{"line":"x","key":"k","as":"ada"}`, "names", "", chat.Request{Key: "k", Text: "x", User: ada}},
		{"a name where names are believed, in a form", formType, "line=x&key=k&as=ada", "names", "", chat.Request{Key: "k", Text: "x", User: ada}},
		{"no name where names are believed", jsonType, `{"line":"x","key":"k","as":""}`, "names", "", chat.Request{Key: "k", Text: "x", User: visitor}},
		{"an empty line", jsonType, `{"line":"","key":"k"}`, "", "", chat.Request{Key: "k", User: visitor}},
		{"controls and markup", jsonType, `{"line":"<b>\u202e\n","key":"k"}`, "", "", chat.Request{Key: "k", Text: "<b>\u202e\n", User: visitor}},
		{"a form that is not UTF-8", formType, "line=%ff&key=k", "", "", chat.Request{Key: "k", Text: "\xff", User: visitor}},
		{"the largest body", jsonType, padded(web.MostBody), "", "", chat.Request{Key: "k", Text: strings.Repeat("a", chat.MaxLine), User: visitor}},
		{"a line that is cut between characters", jsonType, `{"line":"a` + strings.Repeat("é", chat.MaxLine) + `","key":"k"}`, "", "", chat.Request{Key: "k", Text: "a" + strings.Repeat("é", chat.MaxLine/2-1), User: visitor}},
		{"one language", jsonType, goodJSON, "", "fr-CH", chat.Request{Key: "k2", Text: "status gitea", User: visitor, Languages: []string{"fr-CH"}}},
		{"languages by their weight", jsonType, goodJSON, "", "de;q=0.3, en ; q=0.8,fr, it;q=0.8", chat.Request{Key: "k2", Text: "status gitea", User: visitor, Languages: []string{"fr", "en", "it", "de"}}},
		{"languages that are none", jsonType, goodJSON, "", "*, <b>;q=1, en;q=0, de;q=2, it;q=x, es;q=NaN,,fr;q=.1", chat.Request{Key: "k2", Text: "status gitea", User: visitor, Languages: []string{"fr"}}},
		{"a language that is too long", formType, goodForm, "", strings.Repeat("x", 36) + ",en", chat.Request{Key: "k1", Text: "status gitea", User: visitor, Languages: []string{"en"}}},
		{"too many languages", formType, goodForm, "", "a,b,c,d,e,f,g,h,i,j", chat.Request{Key: "k1", Text: "status gitea", User: visitor, Languages: strings.Split("abcdefgh", "")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := &talk{operation: "k7f3q2mz"}
			at := open(t, k, func(c *web.Config) { c.Trust = tt.trust })
			tt.want.Room, tt.want.At = room, noon
			for range 2 { // the second time it is a repeat, and gets the same answer
				checkReceipt(t, at, tt.kind, tt.body, tt.languages)
			}
			if diff := cmp.Diff([]chat.Request{tt.want}, k.heard()); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
		})
	}
}

func checkReceipt(t *testing.T, at *site, kind, body, languages string) {
	t.Helper()
	answer, got := at.post(t, kind, body, "Accept-Language", languages)
	if kind == formType {
		if place := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || place != "/#m-d1" {
			t.Errorf("answered with %d and led to %q", answer.StatusCode, place)
		}
		return
	}
	if want := `{"delivery":"d1","operation":"k7f3q2mz"}` + "\n"; answer.StatusCode != http.StatusAccepted || got != want {
		t.Errorf("answered with %d %s, not with %s", answer.StatusCode, got, want)
	}
}

func TestAFormWithoutAKeyGetsANewOneEachTime(t *testing.T) {
	k := &talk{}
	at := open(t, k, nil)
	for i := range 2 {
		if answer, _ := at.post(t, formType, "line=status"); answer.Header.Get("Location") != "/#m-d"+strconv.Itoa(i+1) {
			t.Errorf("led to %s", answer.Header.Get("Location"))
		}
	}
	heard := k.heard()
	if len(heard) != 2 || len(heard[0].Key) < 20 || heard[0].Key == heard[1].Key {
		t.Errorf("received %v", heard)
	}
}

func TestALineThatCannotBeStoredIsSaidSo(t *testing.T) {
	for kind, body := range map[string]string{formType: goodForm, jsonType: goodJSON} {
		k := &talk{}
		k.tearDown()
		at := open(t, k, nil)
		answer, got := at.post(t, kind, body, "Accept-Language", "fr, en")
		if answer.StatusCode != http.StatusServiceUnavailable || got != `{"error":"[fr web.error-store]"}`+"\n" {
			t.Errorf("%s was answered with %d %s", kind, answer.StatusCode, got)
		}
		if log := at.log.String(); !strings.Contains(log, errTornDown.Error()) || strings.Contains(log, "status gitea") {
			t.Errorf("%s was logged as %s", kind, log)
		}
	}
}

// What was begun is stored also when the asker hangs up meanwhile.
func TestALineIsStoredAfterTheAskerIsGone(t *testing.T) {
	k := &talk{}
	s, _ := build(t, k, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(gone, http.MethodPost, "/say", strings.NewReader(goodJSON))
	r.Host = fmt.Sprintf("localhost:%d", 8090)
	r.Header = with("Content-Type", jsonType, "Rt-Client", "test")
	answer := httptest.NewRecorder()
	s.Handler(8090).ServeHTTP(answer, r)
	if answer.Code != http.StatusAccepted || len(k.heard()) != 1 {
		t.Errorf("answered with %d, and received %v", answer.Code, k.heard())
	}
}
