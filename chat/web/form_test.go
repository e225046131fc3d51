package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rtbot/chat/web"
)

func filled(value string) string {
	return url.Values{"form": {""}, "field.verb": {"scale"}, "field.app": {"gitea"}, "field.value": {value}, "as": {"bob"}}.Encode()
}

func TestAFormIsSaidAsALine(t *testing.T) {
	tests := []struct {
		name, value, accept string
		status              int
		says                string
	}{
		{"by a browser", "2", "text/html", http.StatusSeeOther, ""},
		{"by the page's script", "2", "application/json", http.StatusAccepted, `"delivery":"d1"`},
		{"wrong, by a browser", "two", "text/html", http.StatusUnprocessableEntity, `role="alert">&lt;two&gt; is not a number</strong>`},
		{"wrong, by the page's script", "two", "application/json", http.StatusUnprocessableEntity, `{"mistakes":{"value":"\u003ctwo\u003e is not a number"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := &talk{}
			at := open(t, k, func(c *web.Config) { c.Trust = web.TrustNames })
			answer := at.ask(t, "POST", "/say", filled(tt.value), with(
				"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://"+at.host, "Accept", tt.accept))
			if body := all(t, answer); answer.StatusCode != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("answered with %d\n%s", answer.StatusCode, body)
			}
			if tt.value == "two" {
				if len(k.received) != 0 {
					t.Error("what is wrong was handed over")
				}
				return
			}
			if got := k.received[0]; got.Text != "/rt scale gitea 2" || got.User.ID != "bob" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What was filled in stands there again where something is wrong with it, and the form is open.
func TestAWrongFormIsShownAgain(t *testing.T) {
	at := open(t, &talk{}, nil)
	answer := at.ask(t, "POST", "/say", filled("two"), with(
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://"+at.host))
	body := all(t, answer)
	for _, want := range []string{`id="fill" open>`, `<option value="scale" title="sets how many pods an app has" selected>`, `<option value="gitea" selected>`, `value="two"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestFieldsWithoutAFormAreRefused(t *testing.T) {
	k := &talk{}
	at := open(t, k, nil)
	answer := at.ask(t, "POST", "/say", "line=/rt+status&field.verb=scale", with(
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "http://"+at.host))
	if answer.StatusCode != http.StatusBadRequest || len(k.received) != 0 {
		t.Errorf("answered with %d", answer.StatusCode)
	}
}
