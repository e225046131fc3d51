package slack

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

// post is one message in Slack, and how it is brought up to date.
type post struct {
	*outbox
	delivery string
	next     func() chat.Message
	// ref is the channel and the time stamp that Slack knows the message by, as C1:1700000000.000100.
	ref string
	// plain says that Slack did not take the card's blocks.
	plain bool
}

// posting is noted before the first post: a process that finds it does not know whether the message exists.
const posting = "posting"

// bring shows the newest version, however long that takes, and returns it. It gives up where Slack says that it never will.
func (p *post) bring(ctx context.Context) chat.Message {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		m := p.next()
		err := p.send(ctx, &m)
		switch {
		case err == nil, ctx.Err() != nil:
			return m
		case p.rejected(err):
			continue // plainer, at once
		case hopeless(err):
			p.log.ErrorContext(ctx, "show card", "id", p.delivery, "error", err)
			return m
		}
		p.log.WarnContext(ctx, "show card later", "id", p.delivery, "error", err, "pause", pause.String())
		if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
			p.limit.hold(limited.RetryAfter)
			pause = time.Second
			continue // the limits wait
		}
		sleep(ctx, pause)
	}
}

// send makes the one call that shows a version, and remembers that it is shown.
func (p *post) send(ctx context.Context, m *chat.Message) error {
	if err := p.find(ctx, *m); err != nil {
		return err
	}
	repeat := p.ref == posting
	channel, thread := placeOf(m.Request.Room)
	if p.ref == "" || repeat {
		if err := p.talk.Posted(ctx, p.delivery, posting, 0); err != nil {
			return err
		}
		if err := p.limit.post(ctx, channel); err != nil {
			return err
		}
	} else if err := p.limit.update(ctx); err != nil {
		return err
	}
	*m = p.next() // the limits may have taken their time
	ref, err := p.call(ctx, channel, thread, layOut(*m, p.plain, repeat))
	if err != nil {
		return err
	}
	p.ref = ref
	return p.talk.Posted(ctx, p.delivery, ref, m.Version)
}

// find looks up which message an earlier sender, or an earlier process, made.
func (p *post) find(ctx context.Context, m chat.Message) error {
	if p.ref != "" {
		return nil
	}
	stored, err := p.talk.Message(ctx, m.Delivery)
	p.ref = stored.Ref
	return err
}

func (p *post) call(ctx context.Context, channel, thread string, options []slack.MsgOption) (ref string, err error) {
	if at, ts, ok := strings.Cut(p.ref, ":"); ok {
		_, _, _, err := p.api.UpdateMessageContext(ctx, at, ts, options...)
		return p.ref, err
	}
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	at, ts, err := p.api.PostMessageContext(ctx, channel, options...)
	if refused(err, "not_in_channel", "channel_not_found") { // a slash command works where the bot is no member: answer in private
		at, ts, err = p.api.PostMessageContext(ctx, p.next().Request.User.ID, options...)
	}
	return at + ":" + ts, err
}

// rejected notes that Slack does not take the card's blocks: it is then sent as plain text.
func (p *post) rejected(err error) bool {
	if p.plain || !refused(err, "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long") {
		return false
	}
	p.plain = true
	return true
}

// refused tells whether Slack answered with one of these errors.
func refused(err error, codes ...string) bool {
	said, ok := errors.AsType[slack.SlackErrorResponse](err)
	return ok && slices.Contains(codes, said.Err)
}

// hopeless tells whether trying again cannot help: Slack understood and said no. What only stands for a bad moment is
// tried again.
func hopeless(err error) bool {
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok {
		return status.Code < http.StatusInternalServerError && status.Code != http.StatusTooManyRequests
	}
	_, said := errors.AsType[slack.SlackErrorResponse](err)
	return said && !refused(err, "internal_error", "fatal_error", "service_unavailable", "ratelimited", "rate_limited", "request_timeout", "team_added_to_org")
}
