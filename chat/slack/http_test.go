package slack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rtbot/chat"
	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
)

const oldSecret = "0123456789abcdef0123456789abcdef"

// began is the time at these doors.
var began = time.Now().Truncate(time.Second)

// door is the bot as it stands open to Slack over HTTP, with a log that is kept.
type door struct {
	*world

	base string
	logs *lines
}

// lines is a log.
type lines struct{ bytes.Buffer }

func newDoor(t *testing.T) *door {
	t.Helper()
	w := &world{t: t, server: slacktest.New(), talk: newTalk()}
	w.server.AddUser(slacktest.User{ID: "U1", Name: "alice"})
	w.server.AddChannel("C1")
	workspace := httptest.NewServer(w.server)
	t.Cleanup(workspace.Close)
	d := &door{world: w, logs: &lines{}}
	w.slack = slack.New(slack.Config{
		BotToken: slacktest.BotToken, APIURL: workspace.URL + "/api", SigningSecrets: []string{slacktest.SigningSecret, oldSecret}, Words: words, Now: func() time.Time { return began },
	}, w.talk, slog.New(slog.NewTextHandler(d.logs, nil)))
	bot := httptest.NewServer(w.slack.Handler())
	t.Cleanup(bot.Close)
	d.base = bot.URL
	return d
}

// post sends a body with headers, and returns the status and the answer.
func (d *door) post(path string, h http.Header, body string) (int, string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.base+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = h
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

const command = "command=%2Frt&text=scale+gitea+2&user_id=U1&channel_id=C1&trigger_id="

func signed(body string) http.Header {
	return slacktest.Sign(slacktest.SigningSecret, began.Unix(), []byte(body))
}

func with(h http.Header, name string, values ...string) http.Header {
	h[http.CanonicalHeaderKey(name)] = values
	return h
}

func TestOnlyWhatSlackSignedComesIn(t *testing.T) {
	t.Parallel()
	const stamp, signature = "X-Slack-Request-Timestamp", "X-Slack-Signature"
	body := command + "1"
	at := func(d time.Duration) http.Header {
		return slacktest.Sign(slacktest.SigningSecret, began.Add(d).Unix(), []byte(body))
	}
	sum := strings.TrimPrefix(signed(body).Get(signature), "v0=")
	tests := map[string]struct {
		header http.Header
		body   string
		status int
	}{
		"signed":                        {signed(body), body, 200},
		"signed with the secret before": {slacktest.Sign(oldSecret, began.Unix(), []byte(command+"2")), command + "2", 200},
		"nearly too old":                {at(-300 * time.Second), body, 200},
		"nearly too early":              {at(300 * time.Second), body, 200},
		"too old":                       {at(-301 * time.Second), body, 401},
		"too early":                     {at(301 * time.Second), body, 401},
		"without headers":               {http.Header{}, body, 401},
		"no time":                       {with(signed(body), stamp), body, 401},
		"an empty time":                 {with(signed(body), stamp, ""), body, 401},
		"a time of letters":             {with(signed(body), stamp, "abc"), body, 401},
		"a time before all":             {with(signed(body), stamp, "-1"), body, 401},
		"a time after all":              {with(signed(body), stamp, "99999999999999999999"), body, 401},
		"two times":                     {with(signed(body), stamp, signed(body).Get(stamp), "1"), body, 401},
		"no signature":                  {with(signed(body), signature), body, 401},
		"an empty signature":            {with(signed(body), signature, ""), body, 401},
		"a signature of nothing":        {with(signed(body), signature, "v0="), body, 401},
		"another version":               {with(signed(body), signature, "v1="+sum), body, 401},
		"in capitals":                   {with(signed(body), signature, "v0="+strings.ToUpper(sum)), body, 401},
		"a digit short":                 {with(signed(body), signature, "v0="+sum[1:]), body, 401},
		"not hexadecimal":               {with(signed(body), signature, "v0=x"+sum[1:]), body, 401},
		"two signatures":                {with(signed(body), signature, "v0="+sum, "v0="+sum), body, 401},
		"another secret":                {slacktest.Sign(strings.Repeat("x", 32), began.Unix(), []byte(body)), body, 401},
		"an empty secret":               {slacktest.Sign("", began.Unix(), []byte(body)), body, 401},
		"a bit of the body changed":     {signed(body), strings.Replace(body, "gitea", "fitea", 1), 401},
		"encoded in another way":        {signed(body), strings.ReplaceAll(body, "+", "%20"), 401},
		"compressed":                    {with(signed(body), "Content-Encoding", "gzip"), body, 400},
		"too large":                     {signed(body), strings.Repeat("x", 2<<20), 413},
		"a field twice":                 {signed(body + "&text=scale+gitea+0"), body + "&text=scale+gitea+0", 400},
		"two people":                    {signed(body + "&user_id=U2"), body + "&user_id=U2", 400},
		"nobody":                        {signed("command=%2Frt&channel_id=C1&trigger_id=1"), "command=%2Frt&channel_id=C1&trigger_id=1", 400},
		"not a form":                    {signed("%zz"), "%zz", 400},
	}
	hmac := regexp.MustCompile(`[0-9a-f]{64}`)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			d.t = t
			status, said := d.post("/slack/command", tt.header, tt.body)
			if status != tt.status || (len(d.talk.keys) == 1) != (status == 200) {
				t.Errorf("got %d %q and %d requests, want %d", status, said, len(d.talk.keys), tt.status)
			}
			if hmac.MatchString(said) || hmac.MatchString(d.logs.String()) || (status != 200 && strings.TrimSpace(said) != http.StatusText(status)) {
				t.Errorf("it says too much: %q, and in the log %q", said, d.logs.String())
			}
		})
	}
}

func TestTheSameBytesTwiceAreOneRequest(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	body := command + "1"
	h := signed(body)
	for i, want := range []int{200, 401, 401} {
		if status, _ := d.post("/slack/command", h, body); status != want {
			t.Errorf("time %d: got %d, want %d", i+1, status, want)
		}
	}
	// Signed anew it is let in, and is still the same request.
	again := slacktest.Sign(slacktest.SigningSecret, began.Add(time.Second).Unix(), []byte(body))
	if status, _ := d.post("/slack/command", again, body); status != 200 || len(d.talk.keys) != 1 {
		t.Errorf("got %d and %d requests", status, len(d.talk.keys))
	}
}

func TestWhatCouldNotBeStoredMayComeAgain(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.talk.fail = errors.New("the disk is full")
	body := command + "1"
	h := signed(body)
	if status, said := d.post("/slack/command", h, body); status != http.StatusServiceUnavailable || strings.Contains(said, "disk") {
		t.Errorf("got %d %q", status, said)
	}
	d.talk.fail = nil
	if status, _ := d.post("/slack/command", h, body); status != 200 || len(d.talk.keys) != 1 {
		t.Errorf("got %d and %d requests", status, len(d.talk.keys))
	}
}

func TestWhatPeopleAskOverHTTPIsHandedOver(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for name, say := range map[string]slacktest.Say{
		"/rt scale <gitea> & 2": d.server.Command("U1", "C1", "scale <gitea> & 2"),
		"/rt status":            d.server.Mention("U1", "C1", "", "status"),
	} {
		for redelivery := range 3 {
			if _, err := d.server.Post(t.Context(), d.base, say, redelivery); err != nil {
				t.Error(err)
			}
		}
		if got := <-d.talk.heard; got.Text != name || len(d.talk.heard) != 0 {
			t.Errorf("got %q, want %q", got.Text, name)
		}
	}
	if _, err := d.server.Post(t.Context(), d.base, d.server.Command("U1", "C1", ""), 0); err != nil {
		t.Fatal(err)
	}
	view := d.server.Views("U1")[0]
	reply, err := d.server.Post(t.Context(), d.base, d.server.Submit(view, map[string]string{"verb": "scale"}), 0)
	if err != nil || reply.Errors["value"] != "how many?" {
		t.Errorf("got %+v, %v", reply, err)
	}
	if _, err := d.server.Post(t.Context(), d.base, d.server.Submit(view, map[string]string{"verb": "scale", "app": "gitea", "value": "2"}), 0); err != nil {
		t.Fatal(err)
	}
	if got := <-d.talk.heard; got.Text != "/rt scale gitea 2" || got.Room.ID != "C1" {
		t.Errorf("got %+v", got)
	}
}

func TestOddBodiesDoNothing(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	for _, tt := range []struct {
		name, path, body string
		status           int
		answer           string
	}{
		{"the challenge", "/slack/events", `{"type":"url_verification","token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}`, 200, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"},
		{"another kind of event", "/slack/events", `{"type":"app_rate_limited"}`, 200, ""},
		{"null", "/slack/events", `null`, 200, ""},
		{"a list", "/slack/events", `[]`, 400, ""},
		{"a text", "/slack/events", `"x"`, 400, ""},
		{"something behind it", "/slack/events", `{"type":"event_callback"} {}`, 400, ""},
		{"too deep", "/slack/events", strings.Repeat("[", 100_000), 400, ""},
		{"no payload", "/slack/interactive", `x=y`, 400, ""},
		{"two payloads", "/slack/interactive", `payload={}&payload={}`, 400, ""},
		{"an empty payload", "/slack/interactive", `payload={}`, 200, ""},
		{"no action", "/slack/interactive", "payload=" + url.QueryEscape(`{"type":"block_actions","trigger_id":"1","user":{"id":"U1"},"channel":{"id":"C1"},"actions":[]}`), 200, ""},
		{"a view of nothing", "/slack/interactive", "payload=" + url.QueryEscape(`{"type":"view_submission","user":{"id":"U1"},"view":{"callback_id":"form:"}}`), 200, ""},
	} {
		status, said := d.post(tt.path, signed(tt.body), tt.body)
		if status != tt.status || (tt.status == 200 && said != tt.answer) || len(d.talk.keys) != 0 {
			t.Errorf("%s: got %d %q and %d requests, want %d %q", tt.name, status, said, len(d.talk.keys), tt.status, tt.answer)
		}
	}
}

func TestWithoutAGoodSecretNothingIsServed(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]string{nil, {""}, {strings.Repeat("x", 31)}, {slacktest.SigningSecret, ""}} {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := slack.New(slack.Config{SigningSecrets: secrets, Words: words, Now: time.Now}, newTalk(), slog.New(slog.DiscardHandler))
		if err := s.Serve(t.Context(), l); !errors.Is(err, slack.ErrSecret) {
			t.Errorf("%d secrets: got %v", len(secrets), err)
		}
	}
}

func TestServingEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoor(t)
	d.base = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.slack.Serve(ctx, l) }()
	body := command + "1"
	if status, _ := d.post("/slack/command", signed(body), body); status != 200 {
		t.Errorf("got %d", status)
	}
	if status, _ := d.post("/other", signed(body), body); status != 404 {
		t.Errorf("another path is answered with %d", status)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// FuzzBody reads whatever has the right signature: nothing panics, and what asks for something says who asks, where, and
// under which key.
func FuzzBody(f *testing.F) {
	f.Add(0, command+"1")
	f.Add(1, "payload="+url.QueryEscape(`{"type":"view_submission","view":{"id":"V1","callback_id":"form:","state":{"values":{"a":{"value":{"value":"x"}}}}}}`))
	f.Add(2, `{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","user":"U1","text":"<@U0> status","channel":"C1"}}`)
	f.Add(2, `{"type":"url_verification","challenge":"x"}`)
	readers := []func([]byte) (any, error){slack.ReadCommand, slack.ReadInteraction, slack.ReadEvent}
	f.Fuzz(func(t *testing.T, kind int, body string) {
		data, err := readers[uint(kind)%3]([]byte(body))
		if err != nil {
			return
		}
		req, asks := slack.RequestOf(data)
		if asks && (req.User.ID == "" || req.Room == (chat.Room{}) || !strings.HasPrefix(req.Text, "/rt ")) {
			t.Errorf("got %+v", req)
		}
	})
}

// What the door remembers does not grow without end.
func TestTheDoorForgetsWhatIsTooOld(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	admit, known := slack.Door(slacktest.SigningSecret, func() time.Time { return now })
	for i := range 500 {
		body := []byte(strconv.Itoa(i))
		if err := admit(slacktest.Sign(slacktest.SigningSecret, now.Unix(), body), body); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Second)
	}
	if n := known(); n > 100 {
		t.Errorf("it remembers %d requests", n)
	}
}
