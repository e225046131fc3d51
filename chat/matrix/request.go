package matrix

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// me is the bot's own account, as people call it.
type me struct {
	id   id.UserID
	name string
}

// prefix is what a line for the bot begins with.
const prefix = "!rt"

// tooLate is how old a line may be that is still done.
const tooLate = 15 * time.Minute

// requestOf is what an event asks for; most events ask for nothing. Only a plain text that somebody else typed counts, as it
// was typed first: an edit, a quote, what was taken back and what a program sent (m.notice) do not.
func (m me) requestOf(e *event.Event, now time.Time) (chat.Request, bool) {
	content, ok := e.Content.Parsed.(*event.MessageEventContent)
	if !ok || e.Type != event.EventMessage || !m.hears(e) || content.MsgType != event.MsgText || content.NewContent != nil {
		return chat.Request{}, false
	}
	thread, body, ok := related(content, e.ID)
	if !ok {
		return chat.Request{}, false
	}
	line, ok := m.addressed(body, content.Mentions)
	if !ok {
		return chat.Request{}, false
	}
	req := chat.Request{
		Key: e.ID.String(), Room: place(e.RoomID, thread), User: user(e.Sender), Text: strings.TrimSpace(prefix + " " + line), At: now,
	}
	if late(e, now) {
		req.Doubt = chat.Late
	}
	return req, true
}

// hears tells whether an event is somebody else's, said in a room and not taken back.
func (m me) hears(e *event.Event) bool {
	return e.StateKey == nil && e.Sender != "" && e.Sender != m.id && e.ID != "" && e.RoomID != "" && e.Unsigned.RedactedBecause == nil
}

func late(e *event.Event, now time.Time) bool { return now.Sub(time.UnixMilli(e.Timestamp)) > tooLate }

// related reads what a message has to do with others: in which thread it stands, which it opens where it stands in none, and
// what it says beside the quote of what it answers. An edit is no message of its own.
func related(content *event.MessageEventContent, of id.EventID) (thread id.EventID, body string, ok bool) {
	r := content.RelatesTo
	if r == nil {
		return of, content.Body, true
	}
	switch r.Type {
	case event.RelThread:
		of = r.EventID
	case "":
	default:
		return "", "", false
	}
	if r.InReplyTo != nil && !r.IsFallingBack {
		return of, event.TrimReplyFallbackText(content.Body), of != ""
	}
	return of, content.Body, of != ""
}

// addressed takes off what makes a line one for the bot: !rt, its full name, or its display name where it is meant and not
// only spoken of, which a mention or a colon says.
func (m me) addressed(body string, mentions *event.Mentions) (line string, ok bool) {
	body = strings.TrimSpace(body)
	if line, ok := cutWord(body, prefix); ok {
		return line, true
	}
	if line, ok := cutWord(body, m.id.String()); ok {
		return strings.TrimLeft(line, ":, "), true
	}
	for _, name := range []string{m.name, "@" + m.name, m.id.Localpart(), "@" + m.id.Localpart()} {
		line, ok := cutWord(body, name)
		if !ok {
			continue
		}
		rest := strings.TrimLeft(line, ":,")
		if len(rest) < len(line) || mentions.Has(m.id) {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// cutWord takes a word off the beginning of a line, however it is capitalised. A longer word is another one, and so is an
// account on another server: @rt:evil.example.
func cutWord(line, word string) (rest string, ok bool) {
	if word == "" || word == "@" || len(line) < len(word) || !strings.EqualFold(line[:len(word)], word) {
		return "", false
	}
	rest = line[len(word):]
	if r, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, ":,")); r != utf8.RuneError && !unicode.IsSpace(r) {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

// nods are the reactions that agree.
var nods = map[string]bool{"✅": true, "👍": true, "✔": true}

// nodOf is the event that a reaction agrees to. Colours of skin and of signs make no difference.
func (m me) nodOf(e *event.Event, now time.Time) (to id.EventID, ok bool) {
	content, ok := e.Content.Parsed.(*event.ReactionEventContent)
	if !ok || e.Type != event.EventReaction || !m.hears(e) || late(e, now) {
		return "", false
	}
	r := content.RelatesTo
	return r.EventID, r.Type == event.RelAnnotation && nods[strings.Map(colourless, r.Key)] && r.EventID != ""
}

// colourless drops what only changes how a sign looks.
func colourless(r rune) rune {
	if r == '\ufe0e' || r == '\ufe0f' || (r >= '\U0001f3fb' && r <= '\U0001f3ff') {
		return -1
	}
	return r
}

func user(account id.UserID) chat.User {
	return chat.User{Platform: Platform, ID: account.String(), Name: account.Localpart()}
}

// place is a thread of a room.
func place(room id.RoomID, thread id.EventID) chat.Room {
	return chat.Room{Platform: Platform, ID: room.String() + "/" + thread.String()}
}

// placeOf takes a place apart.
func placeOf(r chat.Room) (room id.RoomID, thread id.EventID) {
	before, after, _ := strings.Cut(r.ID, "/")
	return id.RoomID(before), id.EventID(after)
}
