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
	*Slack
	delivery string
	next     func() chat.Message
	// ref is the channel and the time stamp that Slack knows the message by, as C1:1700000000.000100; private is that of the
	// message that its asker alone sees, where the answer is for nobody else.
	ref     string
	private string
	// plain says that Slack did not take the card's blocks.
	plain bool
	// filed are the files of a version that are there already.
	filed filed
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
	if p.ref == "" || p.ref == posting {
		if err := p.talk.Posted(ctx, p.delivery, posting, 0); err != nil {
			return err
		}
	}
	room, _ := placeOf(m.Request.Room)
	if err := p.wait(ctx, p.ref, room); err != nil {
		return err
	}
	*m = p.next() // the limits may have taken their time
	in, err := p.show(ctx, *m)
	if err != nil {
		return err
	}
	if err := p.attach(ctx, *m, in); err != nil {
		return err
	}
	return p.talk.Posted(ctx, p.delivery, strings.TrimSpace(p.ref+" "+p.private), m.Version)
}

// show makes or edits the message, and returns the one that carries the card. What is for its asker alone stands in their
// direct conversation, and the message where it was asked for only says so.
func (p *post) show(ctx context.Context, m chat.Message) (carrier string, err error) {
	channel, thread := placeOf(m.Request.Room)
	options := layOut(m, look{plain: p.plain, repeat: p.ref == posting, say: p.words(m.Card.Language)})
	alone := (m.Card.Private || p.private != "") && !direct(channel)
	if alone {
		if err := p.wait(ctx, p.private, m.Request.User.ID); err != nil {
			return "", err
		}
		if p.private, err = p.write(ctx, p.private, place(m.Request.User.ID, ""), options); err != nil {
			return "", err
		}
		m.Card = chat.Card{State: m.Card.State, Title: p.words(m.Card.Language)("slack.private"), Language: m.Card.Language}
		options = layOut(m, look{repeat: p.ref == posting, say: p.words(m.Card.Language)})
	}
	ref, err := p.write(ctx, p.ref, place(channel, thread), options)
	if refused(err, "not_in_channel", "channel_not_found") { // a slash command works where the bot is no member: answer in private
		ref, err = p.write(ctx, "", place(m.Request.User.ID, ""), options)
	}
	if err != nil {
		return "", err
	}
	p.ref = ref
	if alone {
		return p.private, nil
	}
	return p.ref, nil
}

// direct tells whether only one person reads a channel: their direct conversation, or where one is named by the person.
func direct(channel string) bool { return channel != "" && slices.Contains([]byte("DUW"), channel[0]) }

// wait waits until Slack's limits let a message be made or edited.
func (p *post) wait(ctx context.Context, ref, channel string) error {
	if strings.Contains(ref, ":") {
		return p.limit.update(ctx)
	}
	return p.limit.post(ctx, channel)
}

// find looks up which message an earlier sender, or an earlier process, made. What is newer than the version at hand is
// shown in its place: a sender that starts late may have been handed an old one.
func (p *post) find(ctx context.Context, m chat.Message) error {
	if p.ref != "" {
		return nil
	}
	stored, err := p.talk.Message(ctx, m.Delivery)
	p.ref, p.private, _ = strings.Cut(stored.Ref, " ")
	if err == nil && stored.Version > m.Version {
		p.outbox.Put(stored)
	}
	return err
}

// write edits the message of that name, or makes one, and returns its name.
func (p *post) write(ctx context.Context, ref string, room chat.Room, options []slack.MsgOption) (string, error) {
	if at, ts, ok := strings.Cut(ref, ":"); ok {
		_, _, _, err := p.api.UpdateMessageContext(ctx, at, ts, options...)
		return ref, err
	}
	channel, thread := placeOf(room)
	if thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	at, ts, err := p.api.PostMessageContext(ctx, channel, options...)
	if err != nil {
		return ref, err
	}
	return at + ":" + ts, nil
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
