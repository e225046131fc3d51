package slacktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

const (
	// responses and responseAge are how often and how long a response_url can be used.
	responses   = 5
	responseAge = 30 * time.Minute
)

// hook is a response_url. https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
type hook struct {
	user    string
	channel string
	made    time.Time
	used    int
}

// Whisper is a message that one person sees in a channel, and that cannot be edited.
type Whisper struct {
	Channel string
	User    string
	Version
}

// Whispers are the messages that one person alone sees, oldest first.
func (s *Server) Whispers() []Whisper {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Whisper(nil), s.whispers...)
}

// newHook makes a response_url; where the server does not know its own address it has Slack's.
func (s *Server) newHook(user, channel string) string {
	id := s.next("hook")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[id] = &hook{user: user, channel: channel, made: s.now()}
	if s.host == "" {
		return "https://hooks.slack.com/commands/" + id
	}
	return "http://" + s.host + "/hooks/" + id
}

// respond takes a message that the app sends to a response_url.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type   string          `json:"response_type"`
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	v, err := version(url.Values{"text": {body.Text}, "blocks": {string(body.Blocks)}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hooks[r.PathValue("id")]
	switch {
	case h == nil || s.now().Sub(h.made) > responseAge:
		http.Error(w, "expired_url", http.StatusNotFound)
		return
	case h.used >= responses:
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	h.used++
	if body.Type == "in_channel" {
		s.last++
		s.messages = append(s.messages, &Message{Channel: h.channel, TS: stampOf(s.last), Versions: []Version{v}})
	} else {
		s.whispers = append(s.whispers, Whisper{Channel: h.channel, User: h.user, Version: v})
	}
	_, _ = w.Write([]byte("ok")) // the caller may have gone
}

func (s *Server) postEphemeral(form url.Values) (answer, error) {
	v, err := version(form)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, user := form.Get("channel"), form.Get("user")
	if !s.reaches(channel) {
		return nil, apiError("channel_not_found")
	}
	if _, ok := s.users[user]; !ok {
		return nil, apiError("user_not_in_channel")
	}
	s.last++
	s.whispers = append(s.whispers, Whisper{Channel: channel, User: user, Version: v})
	return answer{"message_ts": stampOf(s.last)}, nil
}
