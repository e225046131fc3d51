package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"rtbot/chat"
)

// writeTime is how long one piece of a stream may take to be taken up by the reader's side.
const writeTime = 10 * time.Second

// stream writes server-sent events.
type stream struct {
	w   http.ResponseWriter
	out *http.ResponseController
	now func() time.Time
}

// event sends one event; its data may have several lines, ended by line feeds.
func (st stream) event(name, id string, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\nid: %s\n", name, id)
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimSuffix(line, []byte("\n")))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return st.send(b.Bytes())
}

// comment sends what readers pass over: a sign of life.
func (st stream) comment(text string) error { return st.send([]byte(": " + text + "\n\n")) }

func (st stream) send(b []byte) error {
	if err := st.out.SetWriteDeadline(st.now().Add(writeTime)); err != nil {
		return fmt.Errorf("limit the time to write: %w", err)
	}
	if err := write(st.w, b); err != nil {
		return err
	}
	if err := st.out.Flush(); err != nil {
		return fmt.Errorf("send: %w", errors.Join(errGone, err))
	}
	return nil
}

// errGone means that the reader went away, which is nobody's fault.
var errGone = errors.New("the reader is gone")

func write(w http.ResponseWriter, b []byte) error {
	if _, err := w.Write(b); err != nil { //nolint:gosec // HTML comes from html/template, and the rest is JSON that says so
		return fmt.Errorf("send: %w", errors.Join(errGone, err))
	}
	return nil
}

// sent logs what went wrong with an answer, unless the reader went away.
func (s *Server) sent(r *http.Request, err error) {
	if err != nil && !errors.Is(err, errGone) && r.Context().Err() == nil {
		s.log.ErrorContext(r.Context(), "answer", "path", r.URL.Path, "error", err)
	}
}

// relay is one open stream: it catches up with what is stored, then hears what is new, until the reader goes away, hear
// says that it was the last, or the listener is dropped. With every beat it catches up again, so that what another
// process answered comes through too.
type relay struct {
	beat    time.Duration
	catchUp func(context.Context) error
	hear    func(chat.Message) error
}

// errLast is what hear returns after the last message.
var errLast = errors.New("that was the last one")

func (s *Server) relay(w http.ResponseWriter, r *http.Request, open func(stream) relay) {
	l, ok := s.hub.join()
	if !ok {
		s.fail(w, r, http.StatusServiceUnavailable, "web.error-busy")
		return
	}
	defer s.hub.leave(l)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	st := stream{w: w, out: http.NewResponseController(w), now: s.Now}
	err := pass(r, l, st, open(st))
	if !errors.Is(err, errLast) {
		s.sent(r, err)
	}
}

func pass(r *http.Request, l *listener, st stream, to relay) error {
	beats := time.NewTicker(to.beat)
	defer beats.Stop()
	if err := st.send([]byte("retry: 1000\n\n")); err != nil {
		return err
	}
	if err := to.catchUp(r.Context()); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-r.Context().Done():
			return nil
		case m, ok := <-l.news:
			if !ok {
				return nil
			}
			err = to.hear(m)
		case <-beats.C:
			err = errors.Join(st.comment("beat"), to.catchUp(r.Context()))
		}
		if err != nil {
			return err
		}
	}
}
