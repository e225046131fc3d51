// Package chat is the vocabulary of a conversation: who asked what, where, and the card that answers.
// It knows no platform, no verb, no Git and no cluster, and needs nothing but the standard library.
package chat

import (
	"errors"
	"time"
)

// Request is one thing that one person asked, as a platform received it.
type Request struct {
	// Key names the delivery on its platform: the same key delivered again is the same request.
	Key  string
	Room Room
	User User
	// Text is the line as it was typed, at most MaxLine bytes of it.
	Text string
	// Languages are the asker's languages as BCP 47 tags, best first; empty where the platform does not say.
	Languages []string
	At        time.Time
	// Doubt is what keeps the platform from vouching for the line; empty where nothing does.
	Doubt Doubt
}

// Doubt is a reason not to take a line for what its sender means now.
type Doubt string

// The doubts.
const (
	// Unverified: nothing but the server's word says who typed the line, where a platform can have more.
	Unverified Doubt = "unverified"
	// Unencrypted: the line came in the clear where everything is encrypted.
	Unencrypted Doubt = "unencrypted"
	// Unreadable: there was a line, and it could not be decrypted.
	Unreadable Doubt = "unreadable"
	// Late: the line was typed too long ago to be meant still.
	Late Doubt = "late"
)

// Batch is what a platform received since the last time that it said so, and how far it has read: both are stored together, so
// that after a crash nothing is passed over and nothing is done twice.
type Batch struct {
	Platform string
	Cursor   string
	Requests []Request
}

// MaxLine is how many bytes of a typed line are kept: the parser refuses lines of more than 1,000 characters, and
// no platform stores more than it takes to see that a line is too long.
const MaxLine = 8 << 10

// Room is a place where people talk: a channel, a room, a direct conversation.
type Room struct {
	Platform string
	ID       string
}

// User is an account on one platform. ID never changes and is what rights are bound to; Name is for display only.
type User struct {
	Platform string
	ID       string
	Name     string
}

// ErrOutsider means that an account is known to its platform and no full, active member there: a guest, say, or somebody of
// another company in a shared room.
var ErrOutsider = errors.New("not a full member")

// Receipt says what became of a request that a platform handed over.
type Receipt struct {
	// Delivery is the number under which the request was stored, before it was acknowledged.
	Delivery string
	// Operation is the change that the request asks for; empty where it only asks to read.
	Operation string
	// Repeat is true when this key had been stored before: nothing is done a second time.
	Repeat bool
}

// Message is one request and the newest version of the card that answers it.
type Message struct {
	Delivery string
	Request  Request
	Card     Card
	// Version counts the versions of the card, from 1; 0 where nothing was answered yet.
	Version int
	// Ref is the platform's own name for the message that carries the card; empty where it was not posted yet.
	Ref string
}
