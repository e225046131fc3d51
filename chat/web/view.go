package web

import (
	"net/url"
	"strings"
	"time"

	"rtbot/chat"
)

// messageView is a message with the words around it.
type messageView struct {
	Anchor   string
	Delivery string
	Version  int
	Who      string
	Line     string
	At       stamp
	Language string
	Card     cardView
}

// cardView is a card with everything that strangers wrote made visible.
type cardView struct {
	Operation string
	State     chat.State
	StateName string
	Sign      string
	Mood      chat.Mood
	Working   bool
	Title     string
	Text      []string
	Facts     []chat.Fact
	Steps     []stepView
	Table     *chat.Table
	Quotes    []quoteView
	Buttons   []chat.Button
}

type stepView struct {
	Label, Sign, StateName, Took, Note, Link string
	State                                    chat.StepState
	At                                       stamp
}

// quoteView is a quote in lines, each with the kind that a diff gives it.
type quoteView struct {
	Label string
	Lines []quoteLine
}

type quoteLine struct{ Kind, Text string }

// stamp is a time for machines and for people; the page shows it in the reader's own zone.
type stamp struct{ Machine, People string }

func stampOf(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	return stamp{Machine: t.UTC().Format(time.RFC3339Nano), People: t.UTC().Format("15:04:05")}
}

// anchor is the name of a message on the page.
func anchor(delivery string) string { return "m-" + delivery }

// view prepares a message, in the language of its card.
func (s *Server) view(m chat.Message) messageView {
	language, say := s.words(m.Card.Language)
	who := m.Request.User.Name
	if who == "" {
		who = m.Request.User.ID
	}
	return messageView{
		Anchor: anchor(m.Delivery), Delivery: m.Delivery, Version: m.Version, Who: chat.Visible(who),
		Line: chat.Visible(m.Request.Text), At: stampOf(m.Request.At), Language: language, Card: viewCard(m.Card, say),
	}
}

func viewCard(c chat.Card, say func(string) string) cardView {
	v := cardView{
		Operation: c.Operation, State: c.State, StateName: say(stateKeys[c.State]), Sign: stateSigns[c.State], Mood: c.Mood,
		Working: c.State == chat.Working, Title: chat.Visible(c.Title),
	}
	for _, t := range c.Text {
		v.Text = append(v.Text, chat.Visible(t))
	}
	for _, f := range c.Facts {
		v.Facts = append(v.Facts, chat.Fact{Label: chat.Visible(f.Label), Value: chat.Visible(f.Value), Link: safeLink(f.Link)})
	}
	for _, step := range c.Steps {
		v.Steps = append(v.Steps, viewStep(step, say))
	}
	if c.Table != nil {
		v.Table = &chat.Table{Columns: visible(c.Table.Columns)}
		for _, row := range c.Table.Rows {
			v.Table.Rows = append(v.Table.Rows, visible(row))
		}
	}
	for _, q := range c.Quotes {
		v.Quotes = append(v.Quotes, viewQuote(q))
	}
	for _, b := range c.Buttons {
		v.Buttons = append(v.Buttons, chat.Button{Label: chat.Visible(b.Label), Command: b.Command, Danger: b.Danger})
	}
	return v
}

// visible makes each of some texts safe to look at.
func visible(texts []string) []string {
	shown := make([]string, len(texts))
	for i, t := range texts {
		shown[i] = chat.Visible(t)
	}
	return shown
}

func viewStep(s chat.Step, say func(string) string) stepView {
	v := stepView{
		Label: chat.Visible(s.Label), Sign: stepSigns[s.State], StateName: say(stepKeys[s.State]), Note: chat.Visible(s.Note),
		Link: safeLink(s.Link), State: s.State, At: stampOf(s.At),
	}
	if s.Took > 0 {
		v.Took = s.Took.Round(10 * time.Millisecond).String()
	}
	return v
}

func viewQuote(q chat.Quote) quoteView {
	v := quoteView{Label: chat.Visible(q.Label)}
	for line := range strings.Lines(chat.Visible(q.Text)) { // which makes a line of what any kind of line end ends
		line = strings.TrimSuffix(line, "\n")
		v.Lines = append(v.Lines, quoteLine{Kind: lineKind(q.Diff, line), Text: line})
	}
	return v
}

// lineKind is what a line of a diff does. The sign at its start says so too: nothing rests on colour.
func lineKind(diff bool, line string) string {
	switch {
	case !diff:
		return ""
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
		return "place"
	case strings.HasPrefix(line, "+"):
		return "added"
	case strings.HasPrefix(line, "-"):
		return "removed"
	}
	return ""
}

// safeLink lets only addresses of the web be links.
func safeLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

var stateKeys = map[chat.State]string{
	chat.Working: "web.state-working", chat.Waiting: "web.state-waiting", chat.Done: "web.state-done",
	chat.Already: "web.state-already", chat.Answered: "web.state-answered", chat.Failed: "web.state-failed",
	chat.Refused: "web.state-refused", chat.Misunderstood: "web.state-misunderstood",
}

var stateSigns = map[chat.State]string{
	chat.Working: "…", chat.Waiting: "?", chat.Done: "✓", chat.Already: "=", chat.Answered: "·",
	chat.Failed: "✗", chat.Refused: "!", chat.Misunderstood: "?",
}

var stepKeys = map[chat.StepState]string{
	chat.StepPending: "web.step-pending", chat.StepRunning: "web.step-running", chat.StepDone: "web.step-done",
	chat.StepFailed: "web.step-failed",
}

var stepSigns = map[chat.StepState]string{
	chat.StepPending: "·", chat.StepRunning: "…", chat.StepDone: "✓", chat.StepFailed: "✗",
}
