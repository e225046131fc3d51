// Package web is the chat on a page: it takes lines from a browser or a program on this machine, and shows the cards that
// answer them while they change. It knows no verb and decides nothing. It never listens on an address that other machines
// reach, and never answers a request that another site's page sent.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"rtbot/chat"
)

// Platform is the name of this platform in rooms and users.
const Platform = "web"

// visitor is who speaks where names are not believed, or none was given.
const visitor = "visitor"

// Conversation is the bot behind the page.
type Conversation interface {
	forms
	// Receive stores the request before it returns; the answer comes by Show.
	Receive(ctx context.Context, req chat.Request) (chat.Receipt, error)
	// Messages returns the newest n messages of the room, oldest first.
	Messages(ctx context.Context, room chat.Room, n int) ([]chat.Message, error)
	// Message returns one message, or an error that wraps Config.NotFound.
	Message(ctx context.Context, delivery string) (chat.Message, error)
}

// Words gives the best of these languages (BCP 47 tags) that there are words for: its tag, and what says its sentences.
type Words func(languages ...string) (language string, say func(key string) string)

// Trust is how far the page believes what people say about themselves.
type Trust string

// The ways to trust.
const (
	TrustNobody Trust = ""      // everybody is the visitor
	TrustNames  Trust = "names" // whoever says a name is that person: for a lab
)

// Config is what the owner decides.
type Config struct {
	// Listen is the loopback address that the page is served on, as 127.0.0.1:8090.
	Listen string
	Trust  Trust
	// Names can be chosen on the page with TrustNames; the first is chosen at first.
	Names []string
	// Room is the identifier of the one room that the page shows.
	Room string
	// Examples are lines that a newcomer can press.
	Examples []string
	// NotFound is what Conversation.Message wraps for a number that it does not know.
	NotFound error
	Now      func() time.Time
}

// Server is the web chat.
type Server struct {
	Config
	talk  Conversation
	words Words
	log   *slog.Logger
	hub   hub

	// pageBeat and followBeat are the longest silences of the two kinds of streams.
	pageBeat, followBeat time.Duration

	mu      sync.Mutex
	stopped bool
	active  sync.WaitGroup // requests that are being answered
}

// New makes a web chat. It refuses an address that is not loopback.
func New(c Config, talk Conversation, words Words, log *slog.Logger) (*Server, error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("web chat: listen on %q: %w", c.Listen, err)
	}
	if !loopback(host) {
		return nil, fmt.Errorf("web chat: listen on %q: %w", c.Listen, errNotLoopback)
	}
	if c.Trust != TrustNobody && c.Trust != TrustNames {
		return nil, fmt.Errorf("web chat: trust %q is not known", c.Trust)
	}
	return &Server{
		Config: c, talk: talk, words: words, log: log, pageBeat: 10 * time.Second, followBeat: 2 * time.Second,
	}, nil
}

var errNotLoopback = errors.New("only a loopback address is allowed")

// loopback tells whether a host, as it stands in an address, is this machine and no other.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.IsLoopback()
}

// Name is the platform's name.
func (s *Server) Name() string { return Platform }

// Show brings a new version of a card to everybody who is looking. It never waits: who cannot keep up is dropped, comes
// back by itself, and is then sent what was missed.
func (s *Server) Show(_ context.Context, m chat.Message) error {
	if m.Request.Room == s.room() {
		s.hub.publish(m)
	}
	return nil
}

func (s *Server) room() chat.Room { return chat.Room{Platform: Platform, ID: s.Room} }
