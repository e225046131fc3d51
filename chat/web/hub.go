package web

import (
	"sync"

	"rtbot/chat"
)

const (
	// mostListeners bounds the streams that are open at a time.
	mostListeners = 256
	// backlog is how many messages a listener may be behind before it is dropped.
	backlog = 64
)

// hub passes every new version of a card to all listeners. Its zero value works.
type hub struct {
	mu        sync.Mutex
	closed    bool
	listeners map[*listener]struct{}
}

// listener is one open stream. News is closed when the listener was dropped, or when the server stops.
type listener struct {
	news chan chat.Message
}

// join adds a listener; false when there are too many, or the server stops.
func (h *hub) join() (*listener, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.listeners) >= mostListeners {
		return nil, false
	}
	if h.listeners == nil {
		h.listeners = map[*listener]struct{}{}
	}
	l := &listener{news: make(chan chat.Message, backlog)}
	h.listeners[l] = struct{}{}
	return l, true
}

// leave takes a listener out.
func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// publish gives a message to all, and drops those whose backlog is full.
func (h *hub) publish(m chat.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l.news <- m:
		default:
			delete(h.listeners, l)
			close(l.news)
		}
	}
}

// close ends all streams, and lets no new one begin.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for l := range h.listeners {
		delete(h.listeners, l)
		close(l.news)
	}
}
