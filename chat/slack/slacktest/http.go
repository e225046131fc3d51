package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// SigningSecret is what the server signs with over HTTP.
const SigningSecret = "8f742231b10e8888abcd99yyyzzz85a5"

// Sign gives the headers of a request with that body at a time. https://docs.slack.dev/authentication/verifying-requests-from-slack
func Sign(secret string, unix int64, body []byte) http.Header {
	timestamp := strconv.FormatInt(unix, 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return http.Header{
		"X-Slack-Request-Timestamp": {timestamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))},
	}
}

// Request is what Slack sends over HTTP for something that a person does.
type Request struct {
	Path string
	Type string
	Body []byte
}

// Request is what Slack would send.
func (s *Server) Request(say Say) (Request, error) {
	payload, err := json.Marshal(say.payload)
	if err != nil {
		return Request{}, err
	}
	const form = "application/x-www-form-urlencoded"
	switch say.kind {
	case "events_api":
		return Request{Path: "/slack/events", Type: "application/json", Body: payload}, nil
	case "interactive":
		return Request{Path: "/slack/interactive", Type: form, Body: []byte(url.Values{"payload": {string(payload)}}.Encode())}, nil
	}
	fields := url.Values{"token": {"old"}, "channel_name": {"general"}}
	var flat map[string]string
	if err := json.Unmarshal(payload, &flat); err != nil {
		return Request{}, err
	}
	for name, value := range flat {
		fields.Set(name, value)
	}
	return Request{Path: "/slack/command", Type: form, Body: []byte(fields.Encode())}, nil
}

// Post hands it to an app that listens at base, signed; a redelivery of an event says which one it is. It returns what the
// app answered to a view that was sent. An error is what Slack would tell the person: the app did not respond.
func (s *Server) Post(ctx context.Context, base string, say Say, redelivery int) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	sent, err := s.Request(say)
	if err != nil {
		return Reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+sent.Path, bytes.NewReader(sent.Body))
	if err != nil {
		return Reply{}, err
	}
	s.mu.Lock()
	req.Header = Sign(SigningSecret, s.now().Unix()+int64(redelivery), sent.Body) // a redelivery is signed anew
	s.mu.Unlock()
	req.Header.Set("Content-Type", sent.Type)
	if redelivery > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(redelivery))
		req.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return Reply{}, fmt.Errorf("deliver %s: %w", say.kind, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return Reply{}, fmt.Errorf("deliver %s: status %d: %s", say.kind, resp.StatusCode, text)
	}
	if say.view == "" {
		return Reply{}, nil
	}
	return s.answered(say.view, text)
}
