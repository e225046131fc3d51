package handlers

import (
	"context"
	"strings"
	"unicode"

	"rtbot/chat"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// freezer keeps whether changes are stopped.
type freezer interface {
	Freeze(ctx context.Context, by, reason string) error
	Thaw(ctx context.Context, by string) error
	Frozen(ctx context.Context) (journal.Freeze, bool, error)
}

// mostReason is how long a reason may be, in characters.
const mostReason = 200

// Freeze is the verb that stops every change until somebody else ends it.
func Freeze(f freezer) Command {
	parse := func(words []string) (Action, error) {
		reason := strings.Join(words, " ")
		if strings.IndexFunc(reason, unicode.IsLetter) < 0 {
			return Action{}, refusal.Misread(refusal.Reason, "misread.reason", nil, "freeze the fair opens").At("reason")
		}
		reason = chat.Visible(string([]rune(reason)[:min(len([]rune(reason)), mostReason)]))
		return Action{Request: "freeze " + reason, Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			if err := f.Freeze(ctx, a.Account, reason); err != nil {
				return chat.Card{}, err
			}
			return chat.Card{
				State: chat.Done, Mood: chat.Careful, Language: a.Words.Tag(), Title: a.Words.Say("freeze.done", lang.With{"Reason": reason}),
				Text: []string{a.Words.Say("freeze.how", nil)},
			}, nil
		}}, nil
	}
	return Command{
		Verb: "freeze", Args: "<reason>", Example: "freeze the fair opens", Summary: "help.freeze", Role: Operator,
		Most: mostReason, Parse: parse,
	}
}

// Unfreeze is the verb that lets changes through again. It takes an admin, and another person than the one who froze, where
// there is one.
func Unfreeze(f freezer, team *Team) Command {
	answer := func(ctx context.Context, a Ask) (chat.Card, error) {
		frozen, holds, err := f.Frozen(ctx)
		if err != nil {
			return chat.Card{}, err
		}
		card := chat.Card{State: chat.Done, Mood: chat.Good, Language: a.Words.Tag(), Title: a.Words.Say("unfreeze.done", nil)}
		if !holds {
			card.State, card.Title = chat.Already, a.Words.Say("unfreeze.already", nil)
			return card, nil
		}
		if a.Person.owns(frozen.By) && team.Now().OtherAdmin(a.Person.Name) {
			return chat.Card{}, refusal.New(refusal.Self, "refused.self-unfreeze", nil)
		}
		return card, f.Thaw(ctx, a.Account)
	}
	return Command{
		Verb: "unfreeze", Example: "unfreeze", Summary: "help.unfreeze", Role: Admin,
		Parse: func([]string) (Action, error) { return Action{Request: "unfreeze", Answer: answer}, nil },
	}
}
