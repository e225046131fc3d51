package slacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one open connection of Socket Mode. https://docs.slack.dev/apis/events-api/using-socket-mode
type socket struct {
	mu   sync.Mutex
	conn *websocket.Conn
}

func (k *socket) send(v any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.conn.WriteJSON(v)
}

// ticket is an address that one connection can be opened with.
func (s *Server) ticket(host string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	t := strconv.Itoa(s.last)
	s.tickets[t] = true
	return "ws://" + host + "/link?ticket=" + t + "&app_id=A1"
}

// link opens a connection and reads what the app acknowledges, until it is closed.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	if !s.use(r.FormValue("ticket")) {
		http.Error(w, "the ticket is used", http.StatusUnauthorized)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it answered
	}
	k := &socket{conn: conn}
	defer conn.Close()
	defer s.leave(k) // also where the app goes away before it is greeted
	if err := k.send(answer{"type": "hello", "num_connections": s.join(k), "connection_info": answer{"app_id": "A1"}}); err != nil {
		return
	}
	_ = conn.WriteControl(websocket.PingMessage, nil, time.Time{}) // a client ends a connection that never pings
	for {
		var ack struct {
			Envelope string          `json:"envelope_id"`
			Payload  json.RawMessage `json:"payload"`
		}
		if err := conn.ReadJSON(&ack); err != nil {
			return
		}
		s.acknowledged(ack.Envelope, ack.Payload)
	}
}

func (s *Server) use(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	return ok
}

func (s *Server) join(k *socket) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = append(s.sockets, k)
	return len(s.sockets)
}

func (s *Server) leave(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = slices.DeleteFunc(s.sockets, func(other *socket) bool { return other == k })
}

func (s *Server) acknowledged(envelope string, payload json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch, ok := s.acks[envelope]; ok {
		ch <- payload
		delete(s.acks, envelope)
	}
}

// Connections is how many connections are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// Refresh asks the app to open a new connection in the place of one, as Slack does every few hours.
func (s *Server) Refresh() { s.Disconnect("refresh_requested") }

// Disconnect says over one connection that it ends, and why: "warning" (it is closed in some seconds), "refresh_requested",
// or "link_disabled" (Socket Mode was switched off).
func (s *Server) Disconnect(reason string) {
	if k := s.pick(); k != nil {
		_ = k.send(answer{"type": "disconnect", "reason": reason, "debug_info": answer{"host": "slacktest"}}) // it may be closed already
	}
}

// CutOff closes all connections without a word.
func (s *Server) CutOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.sockets {
		_ = k.conn.Close()
	}
}

// pick takes the connections in turn.
func (s *Server) pick() *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sockets) == 0 {
		return nil
	}
	s.turn++
	return s.sockets[s.turn%len(s.sockets)]
}

// ackTime is how long Slack waits before it says that the app did not respond.
const ackTime = 3 * time.Second

// deliver sends an envelope over one connection and waits until the app acknowledges it. An error is what Slack would
// tell the person: the app did not respond.
func (s *Server) deliver(ctx context.Context, kind string, payload any) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	s.mu.Lock()
	s.last++
	envelope, acked := fmt.Sprintf("envelope-%d", s.last), make(chan json.RawMessage, 1)
	s.acks[envelope] = acked
	s.mu.Unlock()
	k := s.pick()
	if k == nil {
		return nil, fmt.Errorf("deliver %s: no connection is open", kind)
	}
	if err := k.send(answer{"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": kind != "events_api"}); err != nil {
		return nil, fmt.Errorf("deliver %s: %w", kind, err)
	}
	select {
	case body := <-acked:
		return body, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("deliver %s: the app did not respond: %w", kind, ctx.Err())
	}
}
