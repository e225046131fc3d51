package web

import (
	"context"
	"fmt"
	"net/http"

	"rtbot/chat"
)

// newest is how many messages the page shows.
const newest = 50

// events is the page's stream: an event "card" for every version of every card, and an event "operation" for the line of
// it in the list of operations. It begins with the newest messages, so whoever was away misses nothing.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	s.relay(w, r, func(st stream) relay {
		seen := map[string]int{}
		hear := func(m chat.Message) error {
			if version, ok := seen[m.Delivery]; ok && version >= m.Version {
				return nil
			}
			seen[m.Delivery] = m.Version
			return s.sendFragments(st, m)
		}
		catchUp := func(ctx context.Context) error {
			messages, err := s.talk.Messages(ctx, s.room(), newest)
			if err != nil {
				return fmt.Errorf("catch up: %w", err)
			}
			for _, m := range messages {
				if err := hear(m); err != nil {
					return err
				}
			}
			seen = versions(messages, seen) // what is not among the newest is forgotten: it will hardly change again
			return nil
		}
		return relay{beat: s.pageBeat, catchUp: catchUp, hear: hear}
	})
}

// versions keeps the versions of these messages.
func versions(messages []chat.Message, seen map[string]int) map[string]int {
	kept := make(map[string]int, len(messages))
	for _, m := range messages {
		kept[m.Delivery] = seen[m.Delivery]
	}
	return kept
}

func (s *Server) sendFragments(st stream, m chat.Message) error {
	card, operation, err := s.fragments(m)
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s-%d", m.Delivery, m.Version)
	if err := st.event("card", id, card); err != nil || m.Card.Operation == "" {
		return err
	}
	return st.event("operation", id, operation)
}
