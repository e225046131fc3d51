package web

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"rtbot/chat"
)

const (
	// readTime is how long a body may take to arrive.
	readTime = 10 * time.Second
	// storeTime is how long storing a line may take.
	storeTime = 10 * time.Second
)

// receipt is the answer to a line that was accepted.
type receipt struct {
	Delivery  string `json:"delivery"`
	Operation string `json:"operation,omitempty"`
}

// say takes a line. It is stored before this answers.
func (s *Server) say(w http.ResponseWriter, r *http.Request) {
	if err := http.NewResponseController(w).SetReadDeadline(s.Now().Add(readTime)); err != nil {
		s.log.WarnContext(r.Context(), "limit the time to read", "error", err)
	}
	words, err := readSaid(w, r)
	if rejected := (*rejection)(nil); errors.As(err, &rejected) {
		s.fail(w, r, rejected.status, rejected.key)
		return
	}
	if !s.fill(w, r, &words) {
		return
	}
	stored, err := s.receive(r, words)
	if err != nil {
		s.log.ErrorContext(r.Context(), "store line", "error", err)
		s.fail(w, r, http.StatusServiceUnavailable, "web.error-store")
		return
	}
	if mediaType(r) == formType && !wantsJSON(r) {
		http.Redirect(w, r, "/#"+url.PathEscape(anchor(stored.Delivery)), http.StatusSeeOther)
		return
	}
	s.answer(w, r, http.StatusAccepted, receipt{Delivery: stored.Delivery, Operation: stored.Operation})
}

// receive hands the line over. It goes on when the asker hangs up: what was begun is either stored and answered, or not
// stored.
func (s *Server) receive(r *http.Request, words said) (chat.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTime)
	defer cancel()
	if words.key == "" {
		words.key = rand.Text()
	}
	req := chat.Request{
		Key: words.key, Room: s.room(), User: s.speaker(words.as), Text: words.line, Languages: accepted(r), At: s.Now(),
	}
	stored, err := s.talk.Receive(ctx, req)
	if err == nil && !stored.Repeat {
		// The line stands on the page at once, before there is a card.
		s.hub.publish(chat.Message{
			Delivery: stored.Delivery, Request: req, Card: chat.Card{Operation: stored.Operation, State: chat.Working, Mood: chat.Neutral},
		})
	}
	return stored, err
}

// speaker is who says a line.
func (s *Server) speaker(as string) chat.User {
	if s.Trust != TrustNames || as == "" {
		as = visitor
	}
	return chat.User{Platform: Platform, ID: as, Name: as}
}
