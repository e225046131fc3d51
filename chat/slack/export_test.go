package slack

import (
	"net/http"
	"time"
)

// What is fuzzed.
var (
	RequestOf       = requestOf
	Typed           = typed
	Written         = written
	ReadCommand     = readCommand
	ReadInteraction = readInteraction
	ReadEvent       = readEvent
)

// LookOf is how a card is laid out.
func LookOf(isPlain bool, say func(string) string) look { return look{plain: isPlain, say: say} }

// Door is what lets requests in, and how many it remembers.
func Door(secret string, now func() time.Time) (admit func(http.Header, []byte) error, known func() int) {
	d := newDoors([]string{secret}, now)
	admit = func(h http.Header, body []byte) error { _, err := d.admit(h, body); return err }
	return admit, func() int { return len(d.known) }
}
