package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// opsServer answers those who run the bot: whether it is alive, and whether it can do its work.
type opsServer struct{ mux *http.ServeMux }

// newOps makes the server. ready returns nil where the bot can do its work.
func newOps(ready func() error) *opsServer {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if ready() != nil {
			answer(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		answer(w, http.StatusOK, "ok\n")
	})
	return &opsServer{mux: mux}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked has gone: there is nobody to tell
}

// Serve answers until ctx ends.
func (o *opsServer) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: o.mux, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(late)
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
