package slack

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"rtbot/chat"
	"rtbot/chat/console"
)

const (
	// sayAction is how the actions of our buttons begin; each has a number behind it.
	sayAction = "say-"
	// mostText is how much text a block gets, in bytes: Slack takes 3,000 characters.
	mostText = 2800
	// mostAltogether is how much text a message gets, in bytes.
	mostAltogether = 12_000
	// mostParts is how many paragraphs and facts are shown, mostQuotes how many quotes, and mostButtons how many buttons:
	// Slack takes 50 blocks, and 25 buttons.
	mostParts   = 15
	mostQuotes  = 8
	mostButtons = 10
	// mostLabel is how long a button's label may be.
	mostLabel = 75
)

// look is how a card is laid out: as plain text where Slack does not take its blocks, and marked where the message may be
// there already.
type look struct {
	plain  bool
	repeat bool
	say    func(key string) string
}

// layOut is a card as Slack shows it.
func layOut(m chat.Message, l look) []slack.MsgOption {
	text, blocks := written(m, l)
	return []slack.MsgOption{
		slack.MsgOptionText(text, true), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

// written is a card as blocks whose text Slack does not read as markup, and as the line of a notification, which is escaped.
func written(m chat.Message, l look) (text string, blocks []slack.Block) {
	c := m.Card
	if l.repeat {
		c.Title = "↻ " + c.Title
	}
	if l.plain {
		blocks = []slack.Block{slack.NewSectionBlock(label(plain(c), mostText), nil, nil)}
	} else {
		blocks = rich(c, l.say).blocks
	}
	if row := buttons(m); row != nil {
		blocks = append(blocks, row)
	}
	return cut(chat.Visible(c.Title), mostText), blocks
}

// plain is a card as one plain text.
func plain(c chat.Card) string {
	return cut(console.Head(withoutButtons(c), mostText), mostText-len("…"))
}

func withoutButtons(c chat.Card) chat.Card {
	c.Buttons = nil
	return c
}

var bold = &slack.RichTextSectionTextStyle{Bold: true}

// rich is a card as rich text, in which nothing is markup. What is over Slack's limits is cut: the answer stands first.
func rich(c chat.Card, say func(key string) string) *sheet {
	s := &sheet{left: mostAltogether}
	s.section(s.text(console.Sign(c.State)+" "+c.Title, bold))
	for _, t := range c.Text[:min(len(c.Text), mostParts)] {
		s.section(s.text(t, nil))
	}
	if len(c.Steps) > 0 {
		s.section(s.text(steps(c.Steps), nil))
	}
	if len(c.Facts) > 0 {
		s.section(s.facts(c.Facts[:min(len(c.Facts), mostParts)])...)
	}
	if c.Table != nil {
		s.preformatted(console.Table(*c.Table))
	}
	for i, q := range c.Quotes {
		if i >= mostQuotes {
			s.leaveOut(q)
			continue
		}
		s.section(s.text(q.Label, bold))
		if s.fits(q.Text) {
			s.preformatted(q.Text)
			continue
		}
		s.preformatted(firstLines(q.Text, min(mostText, s.left)))
		s.section(s.text(say(s.leaveOut(q)), nil))
	}
	return s
}

// sheet is what blocks are written on, with the room that is left for text, in bytes.
type sheet struct {
	blocks []slack.Block
	left   int
	// over are the quotes that there was no room for, and that have a name to be given as files.
	over []chat.Quote
}

// fits tells whether a text can stand there whole.
func (s *sheet) fits(text string) bool {
	return len(visible(strings.TrimRight(text, "\n"))) <= min(mostText, s.left)
}

// leaveOut notes a quote that does not stand there whole, and gives the key of the sentence that says so.
func (s *sheet) leaveOut(q chat.Quote) string {
	if q.File == "" {
		return "slack.first-lines"
	}
	s.over = append(s.over, q)
	return "slack.first-lines-file"
}

// firstLines are the first whole lines of a text that have so much room, or as much of its first line.
func firstLines(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if end := strings.LastIndexByte(text[:most], '\n'); end > 0 {
		return text[:end]
	}
	return text
}

// add makes a block of its own: the limit of text is a block's.
func (s *sheet) add(e slack.RichTextElement) {
	s.blocks = append(s.blocks, slack.NewRichTextBlock("", e))
}

func (s *sheet) section(elements ...slack.RichTextSectionElement) {
	s.add(slack.NewRichTextSection(elements...))
}

func (s *sheet) preformatted(text string) {
	text = strings.TrimRight(text, "\n")
	s.add(&slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{s.text(text, nil)}})
}

func (s *sheet) text(text string, style *slack.RichTextSectionTextStyle) *slack.RichTextSectionTextElement {
	return slack.NewRichTextSectionTextElement(s.cut(text), style)
}

// cut makes a text visible and takes its room.
func (s *sheet) cut(text string) string {
	text = cut(visible(text), min(mostText, s.left))
	s.left = max(s.left-len(text), 0)
	return text
}

func (s *sheet) facts(all []chat.Fact) []slack.RichTextSectionElement {
	var elements []slack.RichTextSectionElement
	for i, f := range all {
		name := f.Label + "  "
		if i > 0 {
			name = "\n" + name
		}
		elements = append(elements, s.text(name, bold))
		if link := webLink(f.Link); link != "" {
			elements = append(elements, slack.NewRichTextSectionLinkElement(link, s.cut(f.Value), nil))
			continue
		}
		elements = append(elements, s.text(f.Value, nil))
	}
	return elements
}

// webLink lets only addresses of the web be links.
func webLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

func steps(all []chat.Step) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(console.StepSign(s.State) + " " + s.Label)
		if s.Took > 0 {
			b.WriteString("  " + s.Took.Round(10*time.Millisecond).String())
		}
		if s.Note != "" {
			b.WriteString("  " + s.Note)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}

// buttons are the card's buttons. Their block is named anew with each version: Slack keeps a pressed button's state else.
func buttons(m chat.Message) slack.Block {
	var elements []slack.BlockElement
	for i, b := range m.Card.Buttons[:min(len(m.Card.Buttons), mostButtons)] {
		button := slack.NewButtonBlockElement(sayAction+strconv.Itoa(i), b.Command, label(b.Label, mostLabel))
		if b.Danger {
			button = button.WithStyle(slack.StyleDanger)
		}
		elements = append(elements, button)
	}
	if elements == nil {
		return nil
	}
	return slack.NewActionBlock(fmt.Sprintf("%s-%d", m.Delivery, m.Version), elements...)
}

// visible makes untrusted text safe to look at; nothing becomes a dash.
func visible(s string) string {
	if s = chat.Visible(s); strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}

// cut keeps a text below a limit in bytes, between two characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for s = s[:most]; !utf8.ValidString(s); {
		s = s[:len(s)-1]
	}
	return s + "…"
}
