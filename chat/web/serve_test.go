package web_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rtbot/chat"
	"rtbot/chat/web"
)

func TestOnlyAnAddressOfThisMachineIsTaken(t *testing.T) {
	tests := []struct {
		name, listen string
		trust        web.Trust
		want         string
	}{
		{"the address", "127.0.0.1:8090", "", ""},
		{"another address of this machine", "127.1.2.3:8090", "", ""},
		{"the address of IPv6", "[::1]:8090", "", ""},
		{"the name", "localhost:0", "names", ""},
		{"every address", "0.0.0.0:8090", "", "only a loopback address is allowed"},
		{"every address of IPv6", "[::]:8090", "", "only a loopback address is allowed"},
		{"every address, left out", ":8090", "", "only a loopback address is allowed"},
		{"an address of a network", "192.168.1.10:8090", "", "only a loopback address is allowed"},
		{"a name of elsewhere", "example.org:80", "", "only a loopback address is allowed"},
		{"no port", "127.0.0.1", "", "missing port"},
		{"a trust that is not known", "127.0.0.1:8090", "everybody", `trust "everybody" is not known`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := web.New(web.Config{Listen: tt.listen, Trust: tt.trust}, &talk{}, words, slog.New(slog.DiscardHandler))
			if tt.want != "" {
				if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s was taken with %v", tt.listen, err)
				}
				return
			}
			if err != nil || s.Name() != "web" {
				t.Errorf("%s was refused: %v", tt.listen, err)
			}
		})
	}
}

// elsewhere is a listener that other machines reach.
type elsewhere struct {
	net.Listener
	address net.Addr
	closed  bool
}

func (e *elsewhere) Addr() net.Addr { return e.address }

func (e *elsewhere) Close() error {
	e.closed = true
	return nil
}

func TestAListenerThatOthersReachIsRefusedAndClosed(t *testing.T) {
	s, _ := build(t, &talk{}, nil)
	for _, address := range []net.Addr{
		&net.TCPAddr{IP: net.IPv4zero, Port: 8090}, &net.TCPAddr{IP: net.IPv6zero, Port: 8090}, &net.TCPAddr{Port: 8090},
		&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8090}, &net.UnixAddr{Name: filepath.Join(t.TempDir(), "x"), Net: "unix"},
	} {
		l := &elsewhere{address: address}
		err := s.Serve(t.Context(), l)
		if err == nil || !strings.Contains(err.Error(), "only a loopback address is allowed") || !l.closed {
			t.Errorf("on %s it served with %v", address, err)
		}
	}
}

func TestTheServerEndsWithItsContextWhileStreamsAreOpen(t *testing.T) {
	before := goleak.IgnoreCurrent()
	k := &talk{messages: []chat.Message{message("1", 1, chat.Working)}}
	at := open(t, k, nil)
	streams := []events{at.listen(t, "/events"), at.listen(t, "/events"), at.listen(t, "/messages/1/events")}
	for _, stream := range streams {
		stream.ids(t, 1)
	}
	at.stop()
	for _, stream := range streams {
		if got, more := stream.next(t); more {
			t.Errorf("a stream went on with %v", got)
		}
	}
	if err := <-at.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if n := at.Listeners(); n != 0 {
		t.Errorf("%d still listen", n)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.host); err == nil {
		_ = conn.Close()
		t.Error("somebody still answers")
	}
	at.client.CloseIdleConnections()
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
	if err := at.Show(t.Context(), message("1", 2, chat.Done)); err != nil {
		t.Errorf("showing a card afterwards failed: %v", err)
	}
}

// A reader that takes nothing up cannot hold the server longer than its grace.
func TestTheServerEndsWhileAReaderIsStuck(t *testing.T) {
	at := open(t, &talk{}, nil)
	at.listen(t, "/events") // which reads nothing
	long := message("1", 1, chat.Working)
	long.Card.Text = []string{strings.Repeat("a", 1<<20)}
	for at.Listeners() == 1 && long.Version < 10_000 {
		at.show(t, long)
		long.Version++
	}
	at.stop()
	select {
	case err := <-at.ended:
		if err != nil {
			t.Errorf("the server ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the server did not end")
	}
}

func TestALineThatIsBeingStoredIsAnsweredBeforeTheEnd(t *testing.T) {
	k := &talk{entered: make(chan struct{}), release: make(chan struct{})}
	at := open(t, k, nil)
	go func() {
		<-k.entered
		at.stop()
		close(k.release)
	}()
	if answer, body := at.post(t, jsonType, goodJSON); answer.StatusCode != http.StatusAccepted || len(k.heard()) != 1 {
		t.Errorf("answered with %d %s, and received %v", answer.StatusCode, body, k.heard())
	}
	if err := <-at.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func TestAServerThatStoppedAnswersThatItStops(t *testing.T) {
	k := &talk{}
	at := open(t, k, nil)
	at.stop()
	if err := <-at.ended; err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/events"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = at.host
		answer := httptest.NewRecorder()
		at.Handler(at.port).ServeHTTP(answer, r)
		if answer.Code != 503 || answer.Body.String() != `{"error":"[web.error-stopping]"}`+"\n" {
			t.Errorf("%s was answered with %d %s", path, answer.Code, answer.Body)
		}
		checkHardened(t, answer.Header())
	}
}

func TestAServerWhoseListenerBreaksSaysSo(t *testing.T) {
	s, _ := build(t, &talk{}, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Serve(ctx, l); !errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
		t.Errorf("the server ended with %v", err)
	}
}
