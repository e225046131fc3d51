// Package slacktest is a Slack for tests: one workspace with people, channels and one app, as far as Slack's documentation
// tells how it behaves. It keeps state, holds the limits of messages, and can be made to misbehave. It knows no bot.
package slacktest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The tokens that the server takes.
const (
	AppToken = "xapp-1-A1-test" //nolint:gosec // it opens nothing else
	BotToken = "xoxb-test"
)

// User is somebody in the workspace, as users.info tells.
type User struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Locale     string `json:"locale,omitempty"`
	Deleted    bool   `json:"deleted,omitempty"`
	Restricted bool   `json:"is_restricted,omitempty"`
	Guest      bool   `json:"is_ultra_restricted,omitempty"`
	Invited    bool   `json:"is_invited_user,omitempty"`
	Stranger   bool   `json:"is_stranger,omitempty"`
	Bot        bool   `json:"is_bot,omitempty"`
}

// Message is a message that the app posted, with all its versions.
type Message struct {
	Channel  string
	TS       string
	Thread   string
	Versions []Version
}

// Version is what a message was at a time.
type Version struct {
	Text   string
	Blocks json.RawMessage
}

// Server is the workspace. Its address is that of the http.Server that it is the handler of.
type Server struct {
	// Scopes are what the app's bot token may do, parted by commas. They are set before the first call.
	Scopes string

	mux *http.ServeMux

	mu       sync.Mutex
	users    map[string]User
	channels map[string]bool // whether the app is a member
	messages []*Message
	sockets  []*socket
	tickets  map[string]bool
	acks     map[string]chan json.RawMessage
	faults   []*Fault
	triggers map[string]trigger
	views    []*View
	files    []*File
	hooks    map[string]*hook
	whispers []Whisper
	ahead    time.Duration // how far the workspace's clock is ahead
	host     string        // where the server was reached last
	client   *http.Client
	calls    []string
	id       string // of this workspace: what it numbers is never numbered so again
	last     int
	turn     int
}

// New makes an empty workspace.
func New() *Server {
	s := &Server{
		Scopes: "app_mentions:read,chat:write,commands,files:write,users:read", mux: http.NewServeMux(), id: rand.Text(),
		users: map[string]User{}, channels: map[string]bool{}, tickets: map[string]bool{}, acks: map[string]chan json.RawMessage{},
		triggers: map[string]trigger{}, hooks: map[string]*hook{}, client: &http.Client{Timeout: ackTime, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	s.mux.HandleFunc("POST /api/{method}", s.call)
	s.mux.HandleFunc("GET /link", s.link)
	s.mux.HandleFunc("POST /upload/{id}", s.upload)
	s.mux.HandleFunc("POST /hooks/{id}", s.respond)
	return s
}

// ServeHTTP answers as Slack does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.host = r.Host
	s.mu.Unlock()
	s.mux.ServeHTTP(w, r)
}

// AddUser adds a person.
func (s *Server) AddUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = u
}

// AddChannel adds a channel that the app is a member of.
func (s *Server) AddChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id] = true
}

// AddForeignChannel adds a channel that the app is no member of: its command works there, and its messages do not.
func (s *Server) AddForeignChannel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id] = false
}

// Messages are the app's messages in a channel, oldest first; a direct conversation is the person's.
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Message
	for _, m := range s.messages {
		if m.Channel == channel || m.Channel == directPrefix+channel {
			c := *m
			c.Versions = slices.Clone(m.Versions)
			found = append(found, c)
		}
	}
	return found
}

// Calls are the methods that were called, oldest first.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Fault is a way in which the next calls of a method go wrong.
type Fault struct {
	Method string
	// Error is what Slack answers, as "internal_error"; with RetryAfter the answer is 429.
	Error      string
	RetryAfter time.Duration
	// Lost says that the call is done and its answer never comes.
	Lost  bool
	Times int
}

// Fault lets the next calls go wrong.
func (s *Server) Fault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

func (s *Server) fault(method string) Fault {
	for i, f := range s.faults {
		if f.Method != method {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return *f
	}
	return Fault{}
}

// Current is the newest version.
func (m Message) Current() Version { return m.Versions[len(m.Versions)-1] }

// Reads is what a person reads of a version: the text of its blocks, a line each.
func (v Version) Reads() string {
	var blocks any
	if err := json.Unmarshal(v.Blocks, &blocks); err != nil {
		return v.Text
	}
	var lines []string
	walk(blocks, func(n map[string]any) {
		if t, ok := n["text"].(string); ok {
			lines = append(lines, t)
		}
	})
	return strings.Join(lines, "\n")
}

// Buttons are the commands behind a version's buttons by their labels.
func (v Version) Buttons() map[string]string {
	var blocks any
	_ = json.Unmarshal(v.Blocks, &blocks) // was checked when it was posted
	found := map[string]string{}
	walk(blocks, func(n map[string]any) {
		label, _ := n["text"].(map[string]any)
		if n["type"] == "button" && label != nil {
			found[fmt.Sprint(label["text"])] = fmt.Sprint(n["value"])
		}
	})
	return found
}

// walk visits every object of a JSON value, in the order of its lists.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, visit)
		}
	case map[string]any:
		visit(v)
		for _, key := range []string{"text", "elements", "fields", "accessory", "element", "label", "hint"} {
			walk(v[key], visit)
		}
	}
}
