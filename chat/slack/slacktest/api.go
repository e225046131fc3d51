package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answer is what a method answers besides "ok".
type answer map[string]any

// apiError is what Slack answers where it says no.
type apiError string

// Error gives Slack's word for it.
func (e apiError) Error() string { return string(e) }

// call answers one call of the Web API. https://docs.slack.dev/apis/web-api
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	body, err := jsonBody(r)
	if err != nil {
		http.Error(w, "invalid_json", http.StatusBadRequest)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "invalid_form_data", http.StatusBadRequest)
		return
	}
	method := r.PathValue("method")
	s.mu.Lock()
	s.calls = append(s.calls, method)
	f := s.fault(method)
	s.mu.Unlock()
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	var got answer
	err = apiError(f.Error)
	if f.Error == "" {
		w.Header().Set("X-OAuth-Scopes", s.Scopes)
		got, err = s.do(method, r, body)
	}
	if f.Lost {
		panic(http.ErrAbortHandler)
	}
	reply(w, got, err)
}

func token(r *http.Request) string {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t
	}
	return r.Form.Get("token")
}

func reply(w http.ResponseWriter, got answer, err error) {
	if got == nil {
		got = answer{}
	}
	got["ok"] = err == nil
	if err != nil {
		got["error"] = err.Error()
	}
	body, err := json.Marshal(got)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(body) // the caller may have gone
}

// jsonBody is the body of a call that is made with JSON.
func jsonBody(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil, nil
	}
	return io.ReadAll(r.Body)
}

func (s *Server) do(method string, r *http.Request, body []byte) (answer, error) {
	want := BotToken
	if method == "apps.connections.open" {
		want = AppToken
	}
	if token(r) != want {
		return nil, apiError("invalid_auth")
	}
	methods := map[string]func() (answer, error){
		"auth.test": func() (answer, error) {
			return answer{"url": "https://rt.slack.com/", "team": "rt", "user": "rt", "team_id": "T1", "user_id": "UBOT", "bot_id": "B1"}, nil
		},
		"apps.connections.open":        func() (answer, error) { return answer{"url": s.ticket(r.Host)}, nil },
		"users.info":                   func() (answer, error) { return s.userInfo(r.Form) },
		"chat.postMessage":             func() (answer, error) { return s.postMessage(r.Form) },
		"chat.update":                  func() (answer, error) { return s.update(r.Form) },
		"chat.postEphemeral":           func() (answer, error) { return s.postEphemeral(r.Form) },
		"views.open":                   func() (answer, error) { return s.openView(body) },
		"views.update":                 func() (answer, error) { return s.updateView(body) },
		"files.getUploadURLExternal":   func() (answer, error) { return s.uploadURL(r.Host, r.Form) },
		"files.completeUploadExternal": func() (answer, error) { return s.completeUpload(r.Form) },
	}
	do, ok := methods[method]
	if !ok {
		return nil, apiError("unknown_method")
	}
	return do()
}

func (s *Server) userInfo(form url.Values) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.users[form.Get("user")]
	if !ok {
		return nil, apiError("user_not_found")
	}
	if form.Get("include_locale") != "true" {
		u.Locale = ""
	}
	return answer{"user": u}, nil
}

func (s *Server) postMessage(form url.Values) (answer, error) {
	v, err := version(form)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := form.Get("channel")
	if member, ok := s.channels[channel]; ok && !member {
		return nil, apiError("not_in_channel")
	}
	if _, person := s.users[channel]; person {
		channel = directPrefix + channel // the conversation has an ID of its own, by which it is known from now on
	}
	if !s.reaches(channel) {
		return nil, apiError("channel_not_found")
	}
	s.last++
	m := &Message{Channel: channel, TS: stampOf(s.last), Thread: form.Get("thread_ts"), Versions: []Version{v}}
	s.messages = append(s.messages, m)
	return answer{"channel": m.Channel, "ts": m.TS, "message": answer{"text": v.Text, "ts": m.TS, "type": "message"}}, nil
}

// directPrefix is how the ID of a direct conversation begins; the person's stands behind it.
const directPrefix = "D"

// reaches tells whether the app can write to a channel. The caller holds the lock.
func (s *Server) reaches(channel string) bool {
	person, direct := strings.CutPrefix(channel, directPrefix)
	_, known := s.users[person]
	return s.channels[channel] || (direct && known)
}

func stampOf(n int) string { return fmt.Sprintf("1700000000.%06d", n) }

func (s *Server) update(form url.Values) (answer, error) {
	v, err := version(form)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.Channel == form.Get("channel") && m.TS == form.Get("ts") {
			m.Versions = append(m.Versions, v)
			return answer{"channel": m.Channel, "ts": m.TS, "text": v.Text}, nil
		}
	}
	return nil, apiError("message_not_found")
}

// mostText and mostInBlocks are how much text a message has, in characters.
const (
	mostText     = 40_000
	mostInBlocks = 13_200
)

// version checks a message as Slack does. https://docs.slack.dev/reference/block-kit/blocks
func version(form url.Values) (Version, error) {
	v := Version{Text: form.Get("text"), Blocks: json.RawMessage(form.Get("blocks"))}
	if len(v.Blocks) == 0 {
		if v.Text == "" {
			return v, apiError("no_text")
		}
		return v, nil
	}
	var blocks []map[string]any
	if err := json.Unmarshal(v.Blocks, &blocks); err != nil {
		return v, apiError("invalid_blocks_format")
	}
	if len(blocks) > 50 {
		return v, apiError("invalid_blocks")
	}
	if len([]rune(v.Text)) > mostText {
		return v, apiError("msg_too_long")
	}
	if len([]rune(v.Reads())) > mostInBlocks {
		return v, apiError("msg_blocks_too_long")
	}
	if !told(blocks) || slices.ContainsFunc(blocks, func(b map[string]any) bool { return !fits(b) }) {
		return v, apiError("invalid_blocks")
	}
	return v, nil
}

// told tells whether blocks can be told from each other: no two have the same name.
func told(blocks []map[string]any) bool {
	ids := map[any]bool{}
	for _, b := range blocks {
		id, ok := b["block_id"]
		if ok && (ids[id] || len(fmt.Sprint(id)) > 255) {
			return false
		}
		ids[id] = true
	}
	return true
}

// fits holds one block against its limits.
func fits(b map[string]any) bool {
	ok := true
	walk(b, func(n map[string]any) {
		check, known := limits[fmt.Sprint(n["type"])]
		ok = ok && known && check(n)
	})
	return ok
}

// limits are what Slack demands of each kind of element that a message can have.
var limits = map[string]func(map[string]any) bool{
	"rich_text": elements, "rich_text_section": elements, "rich_text_preformatted": elements, "actions": elements,
	"section": func(n map[string]any) bool { return n["text"] != nil },
	"text":    text, "link": text, "plain_text": text, "mrkdwn": text,
	"input": func(n map[string]any) bool {
		name, _ := n["label"].(map[string]any)
		_, ok := n["element"].(map[string]any)
		return ok && name["type"] == "plain_text" && len([]rune(fmt.Sprint(name["text"]))) <= 2000
	},
	"plain_text_input": func(map[string]any) bool { return true },
	"static_select": func(n map[string]any) bool {
		options, ok := n["options"].([]any)
		for _, o := range options {
			option, _ := o.(map[string]any)
			label, _ := option["text"].(map[string]any)
			value := fmt.Sprint(option["value"])
			ok = ok && label != nil && text(label) && len([]rune(fmt.Sprint(label["text"]))) <= 75 && value != "" && len(value) <= 150
		}
		return ok && len(options) > 0 && len(options) <= 100
	},
	"button": func(n map[string]any) bool {
		label, isLabel := n["text"].(map[string]any)
		return isLabel && len([]rune(fmt.Sprint(label["text"]))) <= 75 && len(fmt.Sprint(n["value"])) <= 2000
	},
}

func elements(n map[string]any) bool {
	list, ok := n["elements"].([]any)
	return ok && len(list) > 0 && len(list) <= 100
}

func text(n map[string]any) bool {
	t, ok := n["text"].(string)
	return ok && t != "" && len([]rune(t)) <= 3000
}
