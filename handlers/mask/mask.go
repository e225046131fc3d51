// Package mask takes secrets out of text that others wrote, before it is kept or shown: the bot's own credentials wherever
// they appear, and whatever looks like a credential of somebody else. It is pure: it reads nothing and asks nobody.
package mask

import (
	"slices"
	"strings"
	"sync"

	"rtbot/chat"
)

// Placeholder stands where a secret stood.
const Placeholder = "[secret]"

// Masker masks. Its zero value knows no credentials of the bot's own; it is safe for concurrent use.
type Masker struct {
	mu    sync.RWMutex
	known []string
	forms []string // in which the known ones appear, the longest first
}

// mostPasses bounds how often a text is searched anew after something in it was masked: nearly always twice is enough.
const mostPasses = 8

// Text gives a text without its secrets. What nobody sees is made visible first (chat.Visible), so that nothing hidden parts
// a secret. Masking a masked text changes nothing. It takes time in proportion to the text.
func (m *Masker) Text(s string) string {
	s = chat.Visible(s)
	for range mostPasses {
		masked := m.once(s)
		if masked == s {
			return s
		}
		s = masked
	}
	return Placeholder // no honest text comes here
}

// Card gives a card without secrets: all that it says, but for its buttons, which are the bot's own words.
func (m *Masker) Card(c chat.Card) chat.Card {
	c.Title = m.Text(c.Title)
	c.Text = m.texts(c.Text)
	c.Facts = slices.Clone(c.Facts)
	for i, f := range c.Facts {
		c.Facts[i].Label, c.Facts[i].Value = m.Text(f.Label), m.Text(f.Value)
	}
	c.Steps = slices.Clone(c.Steps)
	for i, s := range c.Steps {
		c.Steps[i].Note = m.Text(s.Note)
	}
	if c.Table != nil {
		table := chat.Table{Columns: c.Table.Columns, Rows: slices.Clone(c.Table.Rows)}
		for i, row := range table.Rows {
			table.Rows[i] = m.texts(row)
		}
		c.Table = &table
	}
	c.Quotes = slices.Clone(c.Quotes)
	for i, q := range c.Quotes {
		c.Quotes[i].Label, c.Quotes[i].Text = m.Text(q.Label), m.Text(q.Text)
	}
	return c
}

func (m *Masker) texts(all []string) []string {
	all = slices.Clone(all)
	for i, s := range all {
		all[i] = m.Text(s)
	}
	return all
}

// span is a part of a text, from its first byte to the one behind its last.
type span struct{ from, to int }

// once masks what one search finds.
func (m *Masker) once(s string) string {
	plain := unmarked(s)
	found := plain.places(m.search(plain.text, mostDecoded))
	if joined, wraps := plain.joined(); wraps {
		found = append(found, joined.places(m.tokens(joined.text, mostDecoded))...)
	}
	return replace(s, found)
}

// search finds the secrets of a text by every rule.
func (m *Masker) search(text string, depth int) []span {
	return slices.Concat(m.tokens(text, depth), pairs(text), phrases(text), addresses(text), manifests(text))
}

// tokens finds the secrets that are recognised by themselves, wherever they stand.
func (m *Masker) tokens(text string, depth int) []span {
	return slices.Concat(m.own(text), formats(text), privateKeys(text), m.encoded(text, depth))
}

// replace puts the placeholder where secrets stand. What is a placeholder already stays.
func replace(s string, found []span) string {
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	last := 0
	for i := 0; i < len(found); {
		whole := found[i]
		for i++; i < len(found) && found[i].from <= whole.to; i++ {
			whole.to = max(whole.to, found[i].to)
		}
		out.WriteString(s[last:whole.from])
		out.WriteString(Placeholder)
		last = whole.to
	}
	out.WriteString(s[last:])
	return out.String()
}
