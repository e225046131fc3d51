package slacktest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/slack-go/slack"

	"rtbot/chat/slack/slacktest"
)

// The app is killed when its connection was opened and before it is greeted.
func TestAnAppThatGoesAwayAtOnceIsNotConnected(t *testing.T) {
	t.Parallel()
	s := slacktest.New()
	l := httptest.NewServer(s)
	t.Cleanup(l.Close)
	client := slack.New(slacktest.BotToken, slack.OptionAppLevelToken(slacktest.AppToken), slack.OptionAPIURL(l.URL+"/api/"))
	_, address, err := client.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http"+address[len("ws"):], nil)
	for key, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		req.Header.Set(key, value)
	}
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() { _, _ = io.Copy(io.Discard, theirs) }() // it ends with the pipe
	gone := &goneApp{ResponseRecorder: httptest.NewRecorder(), conn: &deafConn{Conn: ours}}

	s.ServeHTTP(gone, req)

	if gone.conn.writes < 2 {
		t.Fatalf("it was not greeted: %d %s", gone.Code, gone.Body)
	}
	if n := s.Connections(); n != 0 {
		t.Errorf("%d connections are open, want none", n)
	}
}

// goneApp takes a connection over, as a server lets it.
type goneApp struct {
	*httptest.ResponseRecorder
	conn *deafConn
}

func (g *goneApp) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return g.conn, bufio.NewReadWriter(bufio.NewReader(g.conn), bufio.NewWriter(g.conn)), nil
}

// deafConn takes the answer to the handshake, and nothing after that.
type deafConn struct {
	net.Conn
	writes int
}

var errGone = errors.New("the app is gone")

func (c *deafConn) Write(b []byte) (int, error) {
	if c.writes++; c.writes > 1 {
		return 0, errGone
	}
	return c.Conn.Write(b)
}
