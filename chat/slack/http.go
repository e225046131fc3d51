package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"golang.org/x/sync/errgroup"
)

const (
	// grace is how long a request that is being answered may go on after the server was told to stop.
	grace = 3 * time.Second
	// readTime is how long a request may take to arrive: Slack waits 3 seconds for the answer.
	readTime = 5 * time.Second
)

// ErrSecret means that requests over HTTP could not be told from forged ones.
var ErrSecret = fmt.Errorf("a signing secret has at least %d characters", MinSecret)

// Serve takes what Slack sends over HTTP on the listener, which it closes, until ctx ends, and shows answers as Run does. It
// returns when nothing of it is running.
func (s *Slack) Serve(ctx context.Context, l net.Listener) error {
	if !s.doors.locked() {
		return errors.Join(fmt.Errorf("slack: %w", ErrSecret), l.Close())
	}
	server := &http.Server{
		Handler:           s.Handler(),
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: readTime, ReadTimeout: readTime, WriteTimeout: 2 * readTime, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return s.outbox.Run(ctx) })
	all.Go(func() error { return server.Serve(l) })
	all.Go(func() error {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close()
		}
		return nil
	})
	if err := all.Wait(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("slack: %w", err)
	}
	return nil
}

// Handler answers what Slack sends over HTTP. Each of its paths is one of the addresses that the app is configured with.
func (s *Slack) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /slack/command", s.door(readCommand))
	mux.Handle("POST /slack/interactive", s.door(readInteraction))
	mux.Handle("POST /slack/events", s.door(readEvent))
	return mux
}

// reader makes of a body what Slack tells with it.
type reader func(body []byte) (data any, err error)

// challenge is what Slack asks to be told again, to see that the address is ours.
type challenge string

// door serves one kind of request: nothing of it is read before its signature is found good. An answer never says why a
// request was not let in.
func (s *Slack) door(read reader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostEvent))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refuse(w, http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil || r.Header.Get("Content-Encoding") != "" {
			refuse(w, http.StatusBadRequest)
			return
		}
		forget, err := s.doors.admit(r.Header, body)
		if err != nil {
			s.log.WarnContext(r.Context(), "request not let in", "path", r.URL.Path, "error", err)
			refuse(w, http.StatusUnauthorized)
			return
		}
		data, err := read(body)
		if err != nil {
			s.log.WarnContext(r.Context(), "request not read", "path", r.URL.Path, "error", err)
			refuse(w, http.StatusBadRequest)
			return
		}
		if !s.serve(w, r, data) {
			forget() // Slack may send it again
		}
	})
}

// serve does what was asked, answers, and reports whether it was done.
func (s *Slack) serve(w http.ResponseWriter, r *http.Request, data any) bool {
	if c, ok := data.(challenge); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, string(c)) // who asked may have gone
		return true
	}
	done, err := s.handle(r.Context(), data)
	if err != nil {
		s.log.ErrorContext(r.Context(), "store request", "key", done.key, "error", err)
		refuse(w, http.StatusServiceUnavailable)
		return false
	}
	if done.answer == nil {
		w.WriteHeader(http.StatusOK)
		return true
	}
	answer, err := json.Marshal(done.answer)
	if err != nil {
		s.log.ErrorContext(r.Context(), "write answer", "key", done.key, "error", err)
		refuse(w, http.StatusInternalServerError)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // who asked may have gone
	return true
}

// refuse answers with the name of a status and nothing else.
func refuse(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }

// locked reports whether there are secrets, and all of them are long enough.
func (d *doors) locked() bool {
	for _, secret := range d.secrets {
		if len(secret) < MinSecret {
			return false
		}
	}
	return len(d.secrets) > 0
}

var errTwice = errors.New("a field is there twice")

// readForm reads a form whose fields are all there once.
func readForm(body []byte) (url.Values, error) {
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	for name, values := range fields {
		if len(values) != 1 {
			return nil, fmt.Errorf("%q: %w", name, errTwice)
		}
	}
	return fields, nil
}

func readCommand(body []byte) (any, error) {
	f, err := readForm(body)
	if err != nil {
		return nil, err
	}
	c := slack.SlashCommand{
		Command: f.Get("command"), Text: f.Get("text"), UserID: f.Get("user_id"), UserName: f.Get("user_name"),
		ChannelID: f.Get("channel_id"), TeamID: f.Get("team_id"), TriggerID: f.Get("trigger_id"),
	}
	if c.UserID == "" || c.ChannelID == "" || c.TriggerID == "" {
		return nil, errors.New("a command says who asks, where, and by which trigger")
	}
	return c, nil
}

func readInteraction(body []byte) (any, error) {
	f, err := readForm(body)
	if err != nil {
		return nil, err
	}
	var i slack.InteractionCallback
	if err := json.Unmarshal([]byte(f.Get("payload")), &i); err != nil {
		return nil, err
	}
	return i, nil
}

func readEvent(body []byte) (any, error) {
	var outer struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return nil, err
	}
	if outer.Type == slackevents.URLVerification {
		return challenge(outer.Challenge), nil
	}
	if outer.Type != slackevents.CallbackEvent {
		return nil, nil //nolint:nilnil // an event that asks for nothing, and is acknowledged
	}
	return slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
}
