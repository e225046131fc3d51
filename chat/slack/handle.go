package slack

import (
	"context"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

// outcome is what became of something that Slack told: its key, for the log, and what goes back with the acknowledgement.
type outcome struct {
	key    string
	answer any
}

// handle does what an event asks for, as far as that has to be done before it is acknowledged: what somebody asks is stored.
// An error means that it was not, and the event is not acknowledged: Slack says so to whoever asked.
func (s *Slack) handle(ctx context.Context, data any) (outcome, error) {
	if i, ok := data.(slack.InteractionCallback); ok && i.Type == slack.InteractionTypeViewSubmission {
		return s.submitted(ctx, i)
	}
	req, asks := requestOf(data)
	if !asks {
		return outcome{}, nil
	}
	done := outcome{key: req.Key}
	if c, ok := data.(slack.SlashCommand); ok && s.offerForm(ctx, c, req) {
		return done, nil
	}
	return done, s.receive(ctx, req)
}

func (s *Slack) receive(ctx context.Context, req chat.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	req.Languages, req.At = s.people.languages(ctx, req.User.ID), s.now()
	_, err := s.talk.Receive(ctx, req)
	return err
}
