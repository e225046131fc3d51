package slack

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

const (
	// mostFile is how much of a text a file gets, in bytes.
	mostFile = 8 << 20
	// mostFiles is how many files a card gets.
	mostFiles = 8
)

// filed are the files that were sent for a version of a card.
type filed struct {
	version int
	number  int // how many of them, in the order in which they stand on the card
}

// attach sends what a final card had no room for as files, each once, into the thread of the message. A process that is
// killed before it notes the card as shown sends them once more.
func (p *post) attach(ctx context.Context, m chat.Message, carrier string) error {
	if !m.Card.State.Final() {
		return nil
	}
	if p.filed.version != m.Version {
		p.filed = filed{version: m.Version}
	}
	over := p.overflow(m.Card)
	over = over[:min(len(over), mostFiles)]
	for _, q := range over[min(p.filed.number, len(over)):] {
		err := p.upload(ctx, m, carrier, q)
		if err != nil && !hopeless(err) {
			return err
		}
		if err != nil { // the card has the first lines, and says that they are not all
			p.log.WarnContext(ctx, "send file", "id", p.delivery, "error", err)
		}
		p.filed.number++
	}
	return nil
}

// overflow are the quotes of a card that do not stand on it whole.
func (p *post) overflow(c chat.Card) []chat.Quote {
	if !p.plain {
		return rich(c, func(string) string { return "" }).over
	}
	var over []chat.Quote
	whole := len(plain(c)) < mostText-len("…")
	for _, q := range c.Quotes {
		if q.File != "" && !whole {
			over = append(over, q)
		}
	}
	return over
}

func (p *post) upload(ctx context.Context, m chat.Message, carrier string, q chat.Quote) error {
	channel, ts, _ := strings.Cut(carrier, ":")
	if _, thread := placeOf(m.Request.Room); thread != "" && carrier == p.ref {
		ts = thread
	}
	if err := p.limit.post(ctx, channel); err != nil {
		return err
	}
	text := cut(visible(q.Text), mostFile)
	_, err := p.api.UploadFileContext(ctx, slack.UploadFileParameters{
		Filename: q.File, Title: visible(q.Label), Content: text, FileSize: len(text), Channel: channel, ThreadTimestamp: ts,
	})
	return err
}
