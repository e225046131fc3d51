package web

import (
	"net/http"
	"time"
)

// MostListeners and MostBody are bounds that the tests go up to.
const (
	MostListeners = mostListeners
	MostBody      = mostBody
)

// SetBeats makes the silences of the streams so short, or so long, as a test needs them.
func (s *Server) SetBeats(page, follow time.Duration) { s.pageBeat, s.followBeat = page, follow }

// Handler is what answers when the server has this port.
func (s *Server) Handler(port int) http.Handler { return s.handler(port) }

// Listeners counts the streams that are open.
func (s *Server) Listeners() int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return len(s.hub.listeners)
}
