package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rtbot/chat"
	"rtbot/handlers/refusal"
)

// badInput is a row of the table of bad inputs: lines, and what each must get.
type badInput struct {
	row   int
	lines []string
	code  refusal.Code
	// slack is the code in Slack where it is another: a text of Slack is JSON, which cannot hold every byte.
	slack refusal.Code
	says  string // what the title says
}

var badInputs = []badInput{
	{row: 1, lines: []string{"", "   ", strings.Repeat(" ", 4000)}},
	{row: 2, lines: []string{"scale"}, code: refusal.Args, says: "Which app, and to how many replicas?"},
	{row: 3, lines: []string{"scale web"}, code: refusal.Args, says: "The replica count is missing."},
	{row: 6, lines: []string{"scale web 999999999999999999999"}, code: refusal.Number},
	{row: 7, lines: []string{"scale web 2147483648", "scale web 9223372036854775808"}, code: refusal.Range},
	{row: 9, lines: []string{"scale web 03"}, code: refusal.Number},
	{row: 10, lines: []string{"scale web NaN", "scale web Inf", "scale web null", "scale web true"}, code: refusal.Number},
	{row: 11, lines: []string{"scale web 3; rm -rf /"}, code: refusal.Args},
	{row: 13, lines: []string{"scale --replicas=3 --as=system:admin web"}, code: refusal.Flag, says: "--replicas=3"},
	{row: 14, lines: []string{"scale -- -web 3"}, code: refusal.Name, says: "-web"},
	{row: 15, lines: []string{"scale web 3 --dry-run=false --dry-run=true"}, code: refusal.Flag},
	{row: 17, lines: []string{"scale web* 3", "scale .* 3", "scale [a-z] 3", "scale all 3"}, code: refusal.Name},
	{row: 18, lines: []string{"scale web,api 3"}, code: refusal.Name},
	{row: 19, lines: []string{`scale "web 3`}, code: refusal.Parse, says: "character"},
	{row: 21, lines: []string{"scale web 2\nscale api 0"}, code: refusal.Parse},
	{row: 22, lines: []string{"scale web 2\u2028scale api 0", "scale web\u00852", "scale web\v2", "scale web\f2"}, code: refusal.Parse},
	{row: 23, lines: []string{strings.Repeat("a", 40_000)}, code: refusal.Length},
	{row: 25, lines: []string{"scale \xff\xfe 2"}, code: refusal.Encoding, slack: refusal.Name},
	{row: 26, lines: []string{"scale web\x00prod 2"}, code: refusal.Encoding},
	{row: 27, lines: []string{"scale \xc0\xaf 2"}, code: refusal.Encoding, slack: refusal.Name},
	{row: 29, lines: []string{"status {{.Secret}}", "status {{7*7}}", "status %{x}", "status #{7*7}", "scale ${{ 2"}, code: refusal.Name},
	{row: 45, lines: []string{"freeze " + strings.Repeat("é", 5000)}, code: refusal.Length},
	{row: 45, lines: []string{"freeze \u200b\u200d"}, code: refusal.Reason},
	{row: 46, lines: []string{"sclae web 2"}, code: refusal.Verb, says: "Did you mean scale?"},
	{row: 49, lines: []string{"scale web\u202Egnp.yaml 2"}, code: refusal.Name, says: "web[U+202E]gnp.yaml"},
	{row: 50, lines: []string{"scale w\u0435b 2", "scale ｗｅｂ 2"}, code: refusal.Name},
	{row: 50, lines: []string{"scale web\u200d 2"}, code: refusal.Name, says: "web[U+200D]"},
	{row: 50, lines: []string{"scale we\u00adb 2"}, code: refusal.Name, says: "we[U+00AD]b"},
	{row: 51, lines: []string{"scale w\u00e9b 2", "scale we\u0301b 2"}, code: refusal.Name},
	{row: 53, lines: []string{"scale " + strings.Repeat("a", 64) + " 2", "scale " + strings.Repeat("a", 254) + " 2"}, code: refusal.Name, says: "63"},
	{row: 54, lines: []string{
		"scale .. 2", "scale ../secrets 2", "scale ..%2fsecrets 2", "scale %2e%2e/ 2", `scale ..\\ 2`, "scale apps/../../x 2", "scale web%00 2", `scale web\\..\\x 2`,
	}, code: refusal.Name},
	{row: 55, lines: []string{"scale ~root 2", "scale $PATH 2", "scale con 2", "scale nul 2", "scale .git 2", "scale .github 2", "scale .git/config 2"}, code: refusal.Name},
}

// Each row gets what it must, in the web chat and in Slack: no effect, a title that can be read, and a row in the audit.
func TestBadInputs(t *testing.T) {
	o := openOffice(t)
	say := o.connect()
	for _, in := range badInputs {
		for i, line := range in.lines {
			for platform, account := range map[string]string{"web": "web:alice", "slack": "slack:UADMIN"} {
				name := fmt.Sprintf("row %d.%d in %s", in.row, i, platform)
				code := in.code
				if platform == "slack" && in.slack != "" {
					code = in.slack
				}
				before := o.audited(account, string(code))
				m := say[platform](line)
				if len(m.Request.Text) > chat.MaxLine {
					t.Errorf("%s: %d bytes are stored", name, len(m.Request.Text))
				}
				if code == "" {
					if m.Card.State != chat.Answered || m.Card.Operation != "" {
						t.Errorf("%s: got %s %q", name, m.Card.State, m.Card.Title)
					}
					continue
				}
				if m.Card.State != chat.Misunderstood || m.Card.Operation != "" || !strings.Contains(m.Card.Title, in.says) {
					t.Errorf("%s: got %s %q, want %s", name, m.Card.State, m.Card.Title, code)
				}
				if n := o.audited(account, string(code)) - before; n != 1 {
					t.Errorf("%s: %d rows in the audit with %s, want one", name, n, code)
				}
				if title := m.Card.Title; chat.Visible(title) != title || len(title) > 600 {
					t.Errorf("%s: the title is %q", name, title)
				}
			}
		}
	}
	if ops, err := o.journal.Operations(t.Context(), 10); err != nil || len(ops) > 0 {
		t.Errorf("there are %d operations, error %v", len(ops), err)
	}
}

// Row 47: where the bot is not to be asked it does nothing, whoever asks.
func TestBadPlaces(t *testing.T) {
	o := openOffice(t)
	for _, room := range []string{"D1", "C2", "C2/17.1", "", "C1x", "c1"} {
		before := o.audited("slack:UADMIN", string(refusal.Channel))
		card, effects := o.says(chat.User{Platform: "slack", ID: "UADMIN"}, room, "/rt scale gitea 2")
		if card.State != chat.Refused || effects != 0 || o.audited("slack:UADMIN", string(refusal.Channel)) != before+1 {
			t.Errorf("in %q: got %s %q and %d effects", room, card.State, card.Title, effects)
		}
	}
}

// connect runs the web chat and Slack, and returns what says a line in each and waits for its final answer.
func (o *office) connect() map[string]func(line string) chat.Message {
	o.t.Helper()
	l, err := new(net.ListenConfig).Listen(o.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		o.t.Fatal(err)
	}
	o.run(func(ctx context.Context) error { return o.web.Serve(ctx, l) })
	o.run(o.slack.Run)
	o.server.AddChannel("C1")
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for o.server.Connections() < 2 {
		<-tick.C
	}
	return map[string]func(string) chat.Message{
		"web": func(line string) chat.Message { return o.post("http://"+l.Addr().String(), line) },
		// Each line has a thread of its own, so that it is found by it.
		"slack": func(line string) chat.Message {
			o.keys++
			thread := fmt.Sprintf("1700000000.%06d", o.keys)
			if err := o.server.Deliver(o.t.Context(), o.server.Mention("UADMIN", "C1", thread, line)); err != nil {
				o.t.Fatal(err)
			}
			found, err := o.router.Messages(o.t.Context(), chat.Room{Platform: "slack", ID: "C1/" + thread}, 10)
			if err != nil || len(found) != 1 {
				o.t.Fatalf("%d messages, error %v", len(found), err)
			}
			return o.final(found[0].Delivery)
		},
	}
}

// post says a line as the page's form does, which can hold every byte.
func (o *office) post(base, line string) chat.Message {
	o.t.Helper()
	form := url.Values{"line": {line}, "as": {"alice"}}
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, base+"/say", strings.NewReader(form.Encode()))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", base)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, delivery, ok := strings.Cut(resp.Header.Get("Location"), "#m-")
	if !ok {
		body, _ := io.ReadAll(resp.Body)
		o.t.Fatalf("status %d: %s", resp.StatusCode, body)
	}
	return o.final(delivery)
}

// Row 62: a body that is too deep, too large, ambiguous or longer than it says is not read.
func TestBadBodies(t *testing.T) {
	o := openOffice(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.run(func(ctx context.Context) error { return o.web.Serve(ctx, l) })
	good, err := json.Marshal(map[string]string{"line": "scale gitea 2", "key": "k", "as": "alice"})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body   string
		status int
	}{
		"10,000 deep":      {strings.Repeat("[", 10_000), http.StatusBadRequest},
		"50 MB":            {`{"line":"` + strings.Repeat("a", 50<<20), http.StatusRequestEntityTooLarge},
		"a key twice":      {`{"line":"status","line":"scale gitea 0","key":"k"}`, http.StatusBadRequest},
		"trailing garbage": {string(good) + "{}", http.StatusBadRequest},
		"null":             {"null", http.StatusBadRequest},
		"a list":           {"[]", http.StatusBadRequest},
		"an empty object":  {"{}", http.StatusBadRequest},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+"/say", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Rt-Client", "test")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, test.status)
		}
	}
	if o.effects != 0 {
		t.Errorf("got %d effects", o.effects)
	}
}
