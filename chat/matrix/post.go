package matrix

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// post is one message in Matrix, and how it is brought up to date.
type post struct {
	*Matrix
	delivery string
	next     func() chat.Message
	// room and event are what Matrix knows the message by; event is empty before it is posted.
	room  id.RoomID
	event id.EventID
	// thread is the thread that it stands in.
	thread id.EventID
	// again says that an earlier process may have posted another version: nobody knows which one is there.
	again bool
}

const (
	// posting is noted before the first post: a process that finds it does not know whether the message exists. Posting it
	// again under the same transaction gives the one that does.
	posting = "posting"
	// deliveryKey marks our messages with what they answer.
	deliveryKey = "rt.delivery"
)

func refOf(room id.RoomID, e id.EventID) string { return room.String() + "/" + e.String() }

// bring shows the newest version, however long that takes, and returns it. It gives up where the homeserver says that it
// never will.
func (p *post) bring(ctx context.Context) chat.Message {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		p.limit.wait(ctx)
		m := p.next() // the wait may have taken its time
		err := p.send(ctx, &m)
		if err == nil || ctx.Err() != nil {
			return m
		}
		if hopeless(err) {
			p.log.ErrorContext(ctx, "show card", "id", p.delivery, "error", err)
			return m
		}
		if wait := p.limit.left(err); wait > 0 {
			p.limit.hold(wait)
			pause = time.Second
			continue
		}
		if p.session.Load() != nil {
			p.log.WarnContext(ctx, "show card later", "id", p.delivery, "error", err, "pause", pause.String())
		}
		sleep(ctx, pause)
	}
}

// errAway means that there is no session yet.
var errAway = errors.New("not signed in yet")

// send makes what shows a version, or a newer one that is stored, and remembers that it is shown.
func (p *post) send(ctx context.Context, m *chat.Message) error {
	s := p.session.Load()
	if s == nil {
		return errAway
	}
	if err := p.find(ctx, s, m); err != nil {
		return err
	}
	content := layOut(m.Card)
	fresh := p.event == "" && !p.again
	if p.event == "" {
		if err := p.first(ctx, s, content); err != nil {
			return err
		}
	}
	if !fresh {
		if _, err := s.send(ctx, p.room, p.marked(edit(content, p.event)), p.delivery+"-"+strconv.Itoa(m.Version)); err != nil {
			return err
		}
	}
	if err := p.files(ctx, s, *m); err != nil {
		return err
	}
	return p.talk.Posted(ctx, p.delivery, refOf(p.room, p.event), m.Version)
}

// find looks up which message an earlier sender, or an earlier process, made, and where a new one belongs.
func (p *post) find(ctx context.Context, s *session, m *chat.Message) error {
	if p.room != "" {
		return nil
	}
	stored, err := p.talk.Message(ctx, m.Delivery)
	if err != nil {
		return err
	}
	if stored.Version > m.Version { // it was handed over out of turn
		*m = stored
	}
	if room, e, ok := strings.Cut(stored.Ref, "/"); ok {
		p.room, p.event = id.RoomID(room), id.EventID(e)
		_, p.thread = placeOf(m.Request.Room)
		return nil
	}
	p.again = stored.Ref == posting
	room, thread := placeOf(m.Request.Room)
	if !m.Card.Private {
		p.room, p.thread = room, thread
		return nil
	}
	return p.findDirect(ctx, s, *m)
}

// findDirect takes an answer that only its asker may see to their direct room, and says so where they asked.
func (p *post) findDirect(ctx context.Context, s *session, m chat.Message) error {
	asked, thread := placeOf(m.Request.Room)
	room, err := s.direct(ctx, id.UserID(m.Request.User.ID))
	if err != nil {
		return err
	}
	if room == asked {
		p.room, p.thread = room, thread
		return nil
	}
	said := &event.MessageEventContent{MsgType: event.MsgNotice, Body: p.Say("matrix.private"), Mentions: &event.Mentions{}, RelatesTo: inThread(thread)}
	if _, err := s.send(ctx, asked, p.marked(said), p.delivery+"-private"); err != nil {
		return err
	}
	p.room = room
	return nil
}

// first posts the message. Its transaction is the delivery's, whatever the version: posted twice it is one message.
func (p *post) first(ctx context.Context, s *session, content *event.MessageEventContent) error {
	if err := p.talk.Posted(ctx, p.delivery, posting, 0); err != nil {
		return err
	}
	said := *content
	said.RelatesTo = inThread(p.thread)
	e, err := s.send(ctx, p.room, p.marked(&said), p.delivery)
	if err != nil {
		return err
	}
	p.event = e
	return p.talk.Posted(ctx, p.delivery, refOf(p.room, p.event), 0)
}

// marked is a content with the mark of what it answers.
func (p *post) marked(content *event.MessageEventContent) *event.Content {
	return &event.Content{Parsed: content, Raw: map[string]any{deliveryKey: p.delivery}}
}

// inThread puts a message into a thread; clients without threads show it as a reply.
func inThread(thread id.EventID) *event.RelatesTo {
	if thread == "" {
		return nil
	}
	return &event.RelatesTo{Type: event.RelThread, EventID: thread, IsFallingBack: true, InReplyTo: &event.InReplyTo{EventID: thread}}
}

// mostTitle is how much of a title an edit repeats for clients that know no edits, in bytes.
const mostTitle = 500

// edit puts a content in the place of the message's.
func edit(content *event.MessageEventContent, of id.EventID) *event.MessageEventContent {
	title, _, _ := strings.Cut(content.Body, "\n")
	return &event.MessageEventContent{
		MsgType: content.MsgType, Body: "* " + cut(title, mostTitle), Mentions: &event.Mentions{}, NewContent: content,
		RelatesTo: &event.RelatesTo{Type: event.RelReplace, EventID: of},
	}
}
