package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"rtbot/chat"
)

// answered is a message as programs read it.
type answered struct {
	Delivery  string    `json:"delivery"`
	Operation string    `json:"operation,omitempty"`
	Line      string    `json:"line"`
	Version   int       `json:"version"`
	Card      chat.Card `json:"card"`
}

// message gives a message and the newest version of its card.
func (s *Server) message(w http.ResponseWriter, r *http.Request) {
	m, ok := s.find(w, r)
	if !ok {
		return
	}
	s.answer(w, r, http.StatusOK, answered{
		Delivery: m.Delivery, Operation: m.Card.Operation, Line: m.Request.Text, Version: m.Version, Card: m.Card,
	})
}

// follow sends each version of one card, from the newest that is known to a final one.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) {
	m, ok := s.find(w, r)
	if !ok {
		return
	}
	s.relay(w, r, func(st stream) relay {
		version := 0
		hear := func(news chat.Message) error {
			if news.Delivery != m.Delivery || news.Version <= version {
				return nil
			}
			version = news.Version
			return sendCard(st, news)
		}
		// The message is read again, because it may have got its last card before this listened.
		catchUp := func(ctx context.Context) error {
			now, err := s.talk.Message(ctx, m.Delivery)
			if err != nil {
				return fmt.Errorf("follow %s: %w", m.Delivery, err)
			}
			return hear(now)
		}
		return relay{beat: s.followBeat, catchUp: catchUp, hear: hear}
	})
}

func sendCard(st stream, m chat.Message) error {
	data, err := json.Marshal(m.Card)
	if err != nil {
		return fmt.Errorf("write card of %s: %w", m.Delivery, err)
	}
	if err := st.event("card", strconv.Itoa(m.Version), data); err != nil {
		return err
	}
	if m.Card.State.Final() {
		return errLast
	}
	return nil
}

// find reads the message that the path names. What belongs to another room is not found: this page shows one room only.
func (s *Server) find(w http.ResponseWriter, r *http.Request) (chat.Message, bool) {
	delivery := r.PathValue("delivery")
	m, err := s.talk.Message(r.Context(), delivery)
	if err == nil && m.Request.Room == s.room() {
		return m, true
	}
	if err == nil || errors.Is(err, s.NotFound) {
		s.fail(w, r, http.StatusNotFound, "web.error-message")
		return chat.Message{}, false
	}
	s.log.ErrorContext(r.Context(), "read message", "id", delivery, "error", err)
	s.fail(w, r, http.StatusServiceUnavailable, "web.error-read")
	return chat.Message{}, false
}
