package handlers

import (
	"context"
	"strings"

	"rtbot/chat"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Help is the verb that says what there is. It is made from the other commands, so that it cannot be out of date.
func Help(others []Command) Command {
	help := Command{Verb: "help", Args: "[verb]", Example: "help scale", Summary: "help.help", Role: Viewer, Most: 2}
	all := append([]Command{help}, others...)
	help.Parse = func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "help", Answer: func(_ context.Context, a Ask) (chat.Card, error) { return helpAll(a, all), nil }}, nil
		}
		verb := strings.ToLower(strings.Join(words, " "))
		for _, c := range all {
			if c.Verb == verb {
				return Action{Request: "help " + verb, Answer: func(_ context.Context, a Ask) (chat.Card, error) { return helpOne(a, c), nil }}, nil
			}
		}
		return Action{}, refusal.Misread(refusal.Verb, "misread.verb", lang.With{"Word": shown(verb)}, "help")
	}
	return help
}

func helpAll(a Ask, commands []Command) chat.Card {
	w := a.Words
	table := &chat.Table{Columns: []string{w.Say("help.column-command", nil), w.Say("help.column-does", nil)}}
	for _, c := range commands {
		if c.Role <= a.Person.Role {
			table.Rows = append(table.Rows, []string{"/rt " + c.usage(), w.Say(c.Summary, nil)})
		}
	}
	return chat.Card{
		State: chat.Answered, Mood: chat.Neutral, Language: w.Tag(),
		Title: w.Say("help.title", nil), Table: table,
		Text: []string{w.Say("help.more", nil)},
	}
}

func helpOne(a Ask, c Command) chat.Card {
	w := a.Words
	return chat.Card{
		State: chat.Answered, Mood: chat.Neutral, Language: w.Tag(),
		Title: "/rt " + c.usage(),
		Text:  []string{w.Say(c.Summary, nil)},
		Facts: []chat.Fact{
			{Label: w.Say("help.example", nil), Value: "/rt " + c.Example},
			{Label: w.Say("help.role", nil), Value: roleName(w, c.Role)},
		},
	}
}

// roleName says a role in words.
func roleName(w lang.Words, r Role) string {
	switch r {
	case Viewer:
		return w.Say("role.viewer", nil)
	case Operator:
		return w.Say("role.operator", nil)
	case Admin:
		return w.Say("role.admin", nil)
	case Nobody:
	}
	return w.Say("role.nobody", nil)
}
