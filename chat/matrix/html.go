package matrix

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"

	"rtbot/chat"
	"rtbot/chat/console"
)

const (
	// mostQuote is how much of a quote a card shows, in bytes.
	mostQuote = 4000
	// mostText is how much text a card has altogether, in bytes.
	mostText = 16_000
	// mostContent is how large a message may be as JSON: an event has 65,536 bytes, and encryption makes a third more.
	mostContent = 40_000
	// leastText is where cutting ends.
	leastText = 500
	// mostParts is how many paragraphs, facts, quotes and buttons are shown.
	mostParts = 20
)

// layOut is a card as a message: HTML in which every text is dead, and plain text for clients that show no HTML. A card that
// is too large for an event is cut: the answer stands first.
func layOut(c chat.Card) *event.MessageEventContent {
	c = bounded(c)
	for room := mostText; ; room /= 2 {
		content := &event.MessageEventContent{
			MsgType: event.MsgNotice, Format: event.FormatHTML, Mentions: &event.Mentions{},
			Body: cut(plain(c), room), FormattedBody: rich(c, room),
		}
		if text, err := json.Marshal(content); err != nil || len(text) <= mostContent || room < leastText {
			return content
		}
	}
}

// bounded is a card with no more parts than are shown, whose own sentences name commands as they are typed here: clients take a
// leading slash for their own.
func bounded(c chat.Card) chat.Card {
	c.Title = sentence(c.Title)
	text := make([]string, 0, mostParts)
	for _, t := range c.Text[:min(len(c.Text), mostParts)] {
		text = append(text, sentence(t))
	}
	c.Text = text
	c.Steps = c.Steps[:min(len(c.Steps), mostParts)]
	facts := make([]chat.Fact, 0, mostParts)
	for _, f := range c.Facts[:min(len(c.Facts), mostParts)] {
		if !leads(f.Link) {
			f.Link = ""
		}
		facts = append(facts, f)
	}
	c.Facts = facts
	quotes := make([]chat.Quote, 0, mostParts)
	for _, q := range c.Quotes[:min(len(c.Quotes), mostParts)] {
		q.Text = cut(strings.TrimRight(q.Text, "\n"), mostQuote)
		quotes = append(quotes, q)
	}
	c.Quotes = quotes
	c.Buttons = c.Buttons[:min(len(c.Buttons), mostParts)]
	return c
}

// leads tells whether a link leads to a page, and reads as what it is.
func leads(link string) bool {
	return (strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://")) && chat.Visible(link) == link
}

func sentence(s string) string { return strings.ReplaceAll(cut(s, mostText), "/rt ", prefix+" ") }

// plain is a card as text, with its buttons as what is typed for them.
func plain(c chat.Card) string {
	buttons := c.Buttons
	c.Buttons = nil
	var b strings.Builder
	b.WriteString(strings.TrimRight(console.Render(c), "\n"))
	for _, button := range buttons {
		b.WriteString("\n  → " + prefix + " " + chat.Visible(button.Command))
	}
	return b.String()
}

// rich is a card as HTML, with at most that many bytes of text.
func rich(c chat.Card, room int) string {
	s := &sheet{left: room}
	s.write("<p><strong>", s.dead(console.Sign(c.State)+" "+c.Title), "</strong></p>")
	for _, t := range c.Text {
		s.write("<p>", s.dead(t), "</p>")
	}
	s.steps(c.Steps)
	s.facts(c.Facts)
	if c.Table != nil {
		s.write("<pre><code>", s.escaped(strings.TrimRight(console.Table(*c.Table), "\n")), "</code></pre>")
	}
	for _, q := range c.Quotes {
		s.quote(q)
	}
	s.buttons(c.Buttons)
	return s.String()
}

// sheet is what HTML is written on, with the room that is left for text, in bytes.
type sheet struct {
	strings.Builder
	left int
}

func (s *sheet) write(parts ...string) {
	for _, p := range parts {
		_, _ = s.WriteString(p) // a strings.Builder takes everything
	}
}

// escaped takes room for a text and returns it as HTML: nothing in it is markup, and what nobody sees is shown. It is for
// places where clients look for no links.
func (s *sheet) escaped(text string) string { return html.EscapeString(s.take(text)) }

// dead is like escaped, for running text: what a client would take for a link, a person or a room stands as code.
func (s *sheet) dead(text string) string { return deaden(s.take(text)) }

func (s *sheet) take(text string) string {
	if text = chat.Visible(text); strings.TrimSpace(text) == "" {
		text = "–"
	}
	text = cut(text, s.left)
	s.left = max(s.left-len(text), 0)
	return text
}

// lively is a word that a client makes into a link: an address, a host's name, a person, a room.
var lively = regexp.MustCompile(`\S*(?:://|[\pL\pN_-]\.[\pL]{2,}|[@#!$+][^\s:]+:|mailto:|matrix:)\S*`)

func deaden(text string) string {
	var b strings.Builder
	for text != "" {
		found := lively.FindStringIndex(text)
		if found == nil {
			break
		}
		b.WriteString(breaks(text[:found[0]]))
		b.WriteString("<code>" + html.EscapeString(text[found[0]:found[1]]) + "</code>")
		text = text[found[1]:]
	}
	b.WriteString(breaks(text))
	return b.String()
}

func breaks(text string) string { return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") }

func (s *sheet) steps(all []chat.Step) {
	for i, step := range all {
		s.write(between(i, "<p>"), s.dead(console.StepSign(step.State)+" "+step.Label))
		if step.Took > 0 {
			s.write(" ", step.Took.Round(10*time.Millisecond).String())
		}
		if step.Note != "" {
			s.write(" ", s.dead(step.Note))
		}
	}
	s.end(len(all))
}

func (s *sheet) facts(all []chat.Fact) {
	for i, f := range all {
		s.write(between(i, "<p>"), "<strong>", s.dead(f.Label), "</strong> ")
		value := "<code>" + s.escaped(f.Value) + "</code>"
		if f.Link != "" {
			value = `<a href="` + html.EscapeString(f.Link) + `">` + value + "</a>"
		}
		s.write(value)
	}
	s.end(len(all))
}

func (s *sheet) quote(q chat.Quote) {
	s.write("<p><strong>", s.dead(q.Label), "</strong></p>")
	opening := "<pre><code>"
	if q.Diff {
		opening = `<pre><code class="language-diff">`
	}
	s.write(opening, s.escaped(q.Text), "</code></pre>")
}

// buttons are what is typed in place of pressing: Matrix has none.
func (s *sheet) buttons(all []chat.Button) {
	for i, b := range all {
		s.write(between(i, "<p>"), "→ <code>", s.escaped(prefix+" "+b.Command), "</code>")
		if b.Label != b.Command {
			s.write(" ", s.dead(b.Label))
		}
	}
	s.end(len(all))
}

// between opens a paragraph before its first line and breaks it before the others.
func between(i int, opening string) string {
	if i == 0 {
		return opening
	}
	return "<br>"
}

func (s *sheet) end(lines int) {
	if lines > 0 {
		s.write("</p>")
	}
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
