package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// grace is how long a request that is being answered may go on after the server was told to stop.
const grace = 3 * time.Second

// Serve answers on the listener, which it closes, until ctx ends. Then it ends the open streams, lets the other requests
// finish, and returns when nothing of it is running.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("web chat: serve on %s: %w", l.Addr(), errNotLoopback), l.Close())
	}
	server := &http.Server{
		Handler:           s.handler(address.Port),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("web chat: serve: %w", err), s.stop(ctx, server))
	case <-ctx.Done():
	}
	err := s.stop(ctx, server)
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}

// stop ends the streams and waits for every request.
func (s *Server) stop(ctx context.Context, server *http.Server) error {
	s.refuseNew()
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = server.Close()
	}
	s.active.Wait()
	return err
}

// enter counts a request in; false once the server stops.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.active.Add(1)
	return true
}

func (s *Server) refuseNew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

// handler is everything that the web chat answers, behind the checks that every request passes.
func (s *Server) handler(port int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /assets/{name}", s.asset)
	mux.HandleFunc("POST /say", s.say)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /messages/{delivery}", s.message)
	mux.HandleFunc("GET /messages/{delivery}/events", s.follow)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harden(w.Header())
		if !s.enter() {
			s.fail(w, r, http.StatusServiceUnavailable, "web.error-stopping")
			return
		}
		defer s.active.Done()
		if key := suspect(r, port); key != "" {
			s.fail(w, r, http.StatusForbidden, key)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
