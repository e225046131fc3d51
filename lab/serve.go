package lab

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"rtbot/lab/part"
)

// headerTimeout is how long a client of the lab's own servers may take to ask.
const headerTimeout = 10 * time.Second

// serve answers HTTP on a free port until the context ends, and gives the URL.
func (l *lab) serve(ctx context.Context, h http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", part.Address(0))
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout}
	l.background(func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return ctx.Err()
	})
	return "http://" + listener.Addr().String(), nil
}
