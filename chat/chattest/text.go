package chattest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"rtbot/chat"
)

// row is text that strangers write into logs, events, names and manifests, with its number in the table of bad inputs.
type row struct {
	number int
	text   string
}

func hostileRows() []row {
	return []row{
		{79, "<!channel> prod is down <!here> <!everyone> <!subteam^S123> <@U1> @room @everyone @alice:example.org"},
		{81, "<https://evil.example|Click to approve> [approve](https://evil.example) <a href='https://evil.example'>here</a> https://evil.example"},
		{82, "&lt;!channel&gt; &amp;lt;b&amp;gt;"},
		{83, "``` ` *bold* _x_ ~x~ **b** <b>b</b> > quote :rotating_light: # head\n```\n> quote\n# head"},
		{85, "ok\rFAILED abc\b\b\bxyz a\vb a\fc"},
		{86, "\x9b31m red \u009d0;title\u009c del\x7f \x1b[31mred\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\"},
		{87, "web\u202egnp.yaml \u2066\u2069 a\u200db \U000e0041\U000e007f x\ufe0f we\u00adb"},
		{89, "\xff\xfew\x00e\x00b\x00 \x1f\x8b\x08"},
		{90, "one\r\ntwo\rthree\u0085four"},
		{91, "✅ Approved by @alice (op k7f3q2mz)"},
	}
}

// ourLink is the one link that a card of the kit has: any other was made of somebody's text.
const ourLink = "https://git.example.org/rt/forge/commit/0123456789abcdef"

// hostileChecks put each row into each part of a card.
func hostileChecks() []check {
	parts := map[string]func(rows []string) chat.Card{
		"the title":      func(rows []string) chat.Card { return chat.Card{Title: strings.Join(rows, " ")} },
		"the paragraphs": func(rows []string) chat.Card { return chat.Card{Text: rows} },
		"the facts": func(rows []string) chat.Card {
			return each(rows, func(c *chat.Card, r string) {
				c.Facts = append(c.Facts, chat.Fact{Label: "said", Value: r, Link: "javascript:alert(1)//"})
			})
		},
		"the labels of the facts": func(rows []string) chat.Card {
			return each(rows, func(c *chat.Card, r string) { c.Facts = append(c.Facts, chat.Fact{Label: r, Value: "said"}) })
		},
		"the steps": func(rows []string) chat.Card {
			return each(rows, func(c *chat.Card, r string) {
				c.Steps = append(c.Steps, chat.Step{Label: r, State: chat.StepFailed}, chat.Step{Label: "note", State: chat.StepDone, Note: r})
			})
		},
		"a table": func(rows []string) chat.Card {
			c := each(rows, func(c *chat.Card, r string) { c.Table.Rows = append(c.Table.Rows, []string{r}) })
			c.Table.Columns = []string{rows[0]}
			return c
		},
		"a quote": func(rows []string) chat.Card {
			return chat.Card{Quotes: []chat.Quote{{Label: rows[0], Text: strings.Join(rows, "\n")}}}
		},
		"a diff": func(rows []string) chat.Card {
			return chat.Card{Quotes: []chat.Quote{{Label: "The change", Text: "+" + strings.Join(rows, "\n+"), Diff: true}}}
		},
	}
	var all []check
	for part, lay := range parts {
		all = append(all, check{name: "what strangers wrote is dead text in " + part, does: func(s *scene) { staysDead(s, lay) }})
	}
	slices.SortFunc(all, func(a, b check) int { return strings.Compare(a.name, b.name) })
	return append(all, check{"what strangers wrote is dead text on buttons", "", deadOnButtons})
}

// each makes a card with something for every row.
func each(rows []string, add func(*chat.Card, string)) chat.Card {
	c := chat.Card{Table: &chat.Table{}}
	for _, r := range rows {
		add(&c, r)
	}
	if len(c.Table.Rows) == 0 {
		c.Table = nil
	}
	return c
}

func staysDead(s *scene, lay func([]string) chat.Card) {
	s.t.Helper()
	var texts []string
	for _, r := range hostileRows() {
		texts = append(texts, r.text)
	}
	d, _ := s.ask("why gitea")
	c := lay(texts)
	c.State, c.Mood = chat.Answered, chat.Neutral
	c.Facts = append(c.Facts, chat.Fact{Label: "Commit", Value: "end-of-card", Link: ourLink})
	s.answer(d, c)
	now := s.reads("end-of-card").Now()
	for _, r := range hostileRows() {
		for line := range strings.Lines(chat.Visible(r.text)) {
			if !strings.Contains(flat(now.Text), flat(line)) {
				s.t.Errorf("row %d is not readable as it is: %q, in\n%s", r.number, line, now.Text)
			}
		}
	}
	s.isDead(now)
}

// isDead checks that a version rings nobody, leads nowhere but where we lead, and holds no character that nobody sees.
func (s *scene) isDead(v Version) {
	s.t.Helper()
	if len(v.Rings) > 0 {
		s.t.Errorf("it rings %q", v.Rings)
	}
	for _, link := range v.Links {
		if link != ourLink {
			s.t.Errorf("it leads to %q", link)
		}
	}
	hidden := func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.IsControl(r) || (r > unicode.MaxASCII && unicode.Is(unicode.Cf, r)))
	}
	if i := strings.IndexFunc(v.Text, hidden); i >= 0 {
		s.t.Errorf("it holds what nobody sees: %q", v.Text[i:min(len(v.Text), i+20)])
	}
}

func deadOnButtons(s *scene) {
	s.t.Helper()
	d, _ := s.ask("why gitea")
	c := chat.Card{State: chat.Answered, Title: "buttons"}
	for _, r := range hostileRows() {
		c.Buttons = append(c.Buttons, chat.Button{Label: r.text, Command: "help " + strconv.Itoa(r.number)})
	}
	s.answer(d, c)
	s.isDead(s.reads("buttons").Now())
}

// showsHuge shows a card of everything that fails at once, first as an edit and then as it is posted.
func showsHuge(s *scene) {
	s.t.Helper()
	long := strings.Repeat("é", 300)
	c := chat.Card{State: chat.Failed, Mood: chat.Bad, Title: "400 pods do not run", Table: &chat.Table{Columns: []string{"Pod", "Why"}}}
	for i := range 400 {
		n := strconv.Itoa(i)
		c.Text = append(c.Text, n+long)
		c.Facts = append(c.Facts, chat.Fact{Label: "Pod " + n, Value: long, Link: ourLink})
		c.Steps = append(c.Steps, chat.Step{Label: n + long, State: chat.StepFailed, Note: long})
		c.Table.Rows = append(c.Table.Rows, []string{"pod-" + n, long[:200]})
		c.Buttons = append(c.Buttons, chat.Button{Label: "why " + n + long, Command: "why pod-" + n})
	}
	for i := range 40 {
		c.Quotes = append(c.Quotes, chat.Quote{Label: strconv.Itoa(i) + long, Text: strings.Repeat(long, 20)})
	}
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "under way")
	s.answer(d, c)
	s.reads(c.Title)
	s.only()
	other, _ := s.ask("status")
	c.Title = "400 pods still do not run"
	s.answer(other, c)
	s.reads(c.Title)
}

func showsLong(s *scene) {
	s.t.Helper()
	d, _ := s.ask("logs gitea")
	s.answer(d, chat.Card{State: chat.Answered, Title: "a long answer " + strings.Repeat("x", 20_000), Quotes: []chat.Quote{
		{Label: "gitea-0", Text: "first " + strings.Repeat("y", 1<<20)},
	}})
	s.reads("a long answer")
	s.only()
}
