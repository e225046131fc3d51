package slacktest

import (
	"context"
	"fmt"
	"strings"
)

// escape is what Slack does to what people type.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Say is one thing that a person does. The same Say delivered again is a redelivery.
type Say struct {
	kind    string
	payload any
	view    string // the view that is sent with it
}

// Deliver hands it to the app, and returns when the app has acknowledged it.
func (s *Server) Deliver(ctx context.Context, say Say) error {
	_, err := s.DeliverView(ctx, say)
	return err
}

// DeliverView hands a view that was sent to the app, and returns what the app answered.
func (s *Server) DeliverView(ctx context.Context, say Say) (Reply, error) {
	body, err := s.deliver(ctx, say.kind, say.payload)
	if err != nil || say.view == "" {
		return Reply{}, err
	}
	return s.answered(say.view, body)
}

// Command is the slash command /rt with a text.
func (s *Server) Command(user, channel, text string) Say {
	return Say{kind: "slash_commands", payload: answer{
		"command": "/rt", "text": escape.Replace(text), "user_id": user, "user_name": s.name(user), "channel_id": channel,
		"team_id": "T1", "api_app_id": "A1", "trigger_id": s.newTrigger(user), "response_url": s.newHook(user, channel),
	}}
}

// Mention is a message that begins with a mention of the app, in a thread where thread is not empty.
func (s *Server) Mention(user, channel, thread, text string) Say {
	event := answer{"type": "app_mention", "user": user, "text": "<@UBOT> " + escape.Replace(text), "channel": channel, "ts": s.next("1700000001"), "event_ts": "1"}
	if thread != "" {
		event["thread_ts"] = thread
	}
	return Say{kind: "events_api", payload: answer{
		"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": s.next("Ev"), "event_time": 1, "event": event,
	}}
}

// Press is a person's press of a button of a message.
func (s *Server) Press(user string, m Message, label string) Say {
	return Say{kind: "interactive", payload: answer{
		"type": "block_actions", "trigger_id": s.newTrigger(user), "team": answer{"id": "T1"}, "api_app_id": "A1",
		"user": answer{"id": user, "name": s.name(user)}, "channel": answer{"id": m.Channel},
		"container": answer{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "thread_ts": m.Thread},
		"actions": []answer{{
			"type": "button", "action_id": "say-0", "block_id": "x", "value": m.Current().Buttons()[label],
			"text": answer{"type": "plain_text", "text": label}, "action_ts": "1",
		}},
	}}
}

func (s *Server) name(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[user].Name
}

func (s *Server) next(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return fmt.Sprintf("%s.%s.%06d", prefix, s.id, s.last)
}
