package matrix

import (
	"encoding/json"
	"time"

	"maunium.net/go/mautrix/event"

	"rtbot/chat"
)

// What is tested by itself.
var (
	LayOut = layOut
	Deaden = deaden
	Edit   = edit
)

// The limits that a test looks at.
const (
	MostContent = mostContent
	TooLate     = tooLate
)

// RequestOf reads an event as the homeserver sends it, by a bot of that name.
func RequestOf(text []byte, name string, now time.Time) (chat.Request, bool) {
	e, ok := read(text)
	if !ok {
		return chat.Request{}, false
	}
	return me{id: "@rt:example.org", name: name}.requestOf(e, now)
}

// NodOf reads an event, and returns what it agrees to.
func NodOf(text []byte, now time.Time) string {
	e, ok := read(text)
	if !ok {
		return ""
	}
	to, ok := me{id: "@rt:example.org"}.nodOf(e, now)
	if !ok {
		return ""
	}
	return to.String()
}

func read(text []byte) (*event.Event, bool) {
	var e event.Event
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, false
	}
	parse(&e, e.RoomID)
	return &e, true
}
