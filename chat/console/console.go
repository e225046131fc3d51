// Package console lays a card out as plain text for a terminal. It knows no colour: every mood and state is said in words
// or with a sign.
package console

import (
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"rtbot/chat"
)

// Render returns the card as text, ending with a line end.
func Render(c chat.Card) string { return Head(c, math.MaxInt) }

// Head returns the first lines of what Render returns: all of them, or as many as have enough bytes. What follows them is
// not looked at, however large it is.
func Head(c chat.Card, enough int) string {
	p := &page{enough: enough}
	colon := colonIn(c.Language)
	p.line(signs[c.State], c.Title)
	for _, text := range c.Text {
		p.line(" ", text)
	}
	for _, f := range c.Facts {
		p.line(" ", fact(f, colon))
	}
	for _, s := range c.Steps {
		p.line(" ", step(s, colon))
	}
	if c.Table != nil && !p.full() {
		p.text.WriteString(Table(*c.Table))
	}
	for _, q := range c.Quotes {
		p.quote(q, colon)
	}
	for _, button := range c.Buttons {
		p.line("  →", "/rt "+button.Command)
	}
	return p.text.String()
}

// page is what lines are written on until it has enough of them.
type page struct {
	text   strings.Builder
	enough int // in bytes
}

func (p *page) full() bool { return p.text.Len() >= p.enough }

// line writes one line. What has line ends of its own is indented: what is quoted never looks like a line of ours.
func (p *page) line(parts ...string) {
	if p.full() {
		return
	}
	text := chat.Visible(strings.TrimRight(strings.Join(parts, " "), " "))
	p.text.WriteString(strings.ReplaceAll(text, "\n", "\n    ") + "\n")
}

func (p *page) quote(q chat.Quote, colon string) {
	p.line(" ", q.Label+colon)
	if p.full() {
		return
	}
	for text := range strings.Lines(chat.Visible(q.Text)) {
		p.line("    " + strings.TrimRight(text, "\r\n"))
	}
}

var signs = map[chat.State]string{
	chat.Working: "…", chat.Waiting: "?", chat.Done: "✓", chat.Already: "=", chat.Answered: "·",
	chat.Failed: "✗", chat.Refused: "!", chat.Misunderstood: "?",
}

var stepSigns = map[chat.StepState]string{
	chat.StepPending: "·", chat.StepRunning: "…", chat.StepDone: "✓", chat.StepFailed: "✗",
}

// colonIn is what stands between a label and its value: French has a space before it.
func colonIn(language string) string {
	if language == "fr" {
		return " :"
	}
	return ":"
}

// Sign is the sign of a card's state.
func Sign(s chat.State) string { return signs[s] }

// StepSign is the sign of a step's state.
func StepSign(s chat.StepState) string { return stepSigns[s] }

func fact(f chat.Fact, colon string) string {
	text := f.Label + colon + " " + f.Value
	if f.Link != "" {
		text += " (" + f.Link + ")"
	}
	return text
}

func step(s chat.Step, colon string) string {
	text := stepSigns[s.State] + " " + s.Label
	if s.Took > 0 {
		text += " (" + s.Took.Round(10*time.Millisecond).String() + ")"
	}
	if s.Note != "" {
		text += colon + " " + s.Note
	}
	return text
}

// Table lays a table out in columns of one width, each line ended.
func Table(t chat.Table) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(chat.Visible(cell))
		}
		// A strings.Builder takes everything that is written to it.
		_, _ = w.Write([]byte("  " + strings.Join(cells, "\t") + "\n"))
	}
	_ = w.Flush()
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}
