package slack

import (
	"fmt"
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

// layOut is a card as Slack shows it: as blocks whose text Slack does not read as markup, or as plain text. repeat marks a
// message that may be there already.
func layOut(m chat.Message, plain, repeat bool) []slack.MsgOption { //nolint:revive // both are said by the caller's state
	c := m.Card
	if repeat {
		c.Title = "↻ " + c.Title
	}
	blocks := rich(c)
	if plain {
		blocks = []slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject(slack.PlainTextType, cut(console.Render(withoutButtons(c)), mostText), false, false), nil, nil)}
	}
	if row := buttons(m); row != nil {
		blocks = append(blocks, row)
	}
	return []slack.MsgOption{
		slack.MsgOptionText(cut(chat.Visible(c.Title), mostText), true), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
	}
}

func withoutButtons(c chat.Card) chat.Card {
	c.Buttons = nil
	return c
}

var bold = &slack.RichTextSectionTextStyle{Bold: true}

// rich is a card as rich text, in which nothing is markup. What is over Slack's limits is cut: the answer stands first.
func rich(c chat.Card) []slack.Block {
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
	for _, q := range c.Quotes[:min(len(c.Quotes), mostQuotes)] {
		s.section(s.text(q.Label, bold))
		s.preformatted(q.Text)
	}
	return s.blocks
}

// sheet is what blocks are written on, with the room that is left for text, in bytes.
type sheet struct {
	blocks []slack.Block
	left   int
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
		label := f.Label + "  "
		if i > 0 {
			label = "\n" + label
		}
		elements = append(elements, s.text(label, bold))
		if strings.HasPrefix(f.Link, "https://") || strings.HasPrefix(f.Link, "http://") {
			elements = append(elements, slack.NewRichTextSectionLinkElement(f.Link, s.cut(f.Value), nil))
			continue
		}
		elements = append(elements, s.text(f.Value, nil))
	}
	return elements
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
		label := []rune(visible(b.Label))
		button := slack.NewButtonBlockElement(sayAction+strconv.Itoa(i), b.Command,
			slack.NewTextBlockObject(slack.PlainTextType, string(label[:min(len(label), mostLabel)]), false, false))
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
