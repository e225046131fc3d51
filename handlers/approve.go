package handlers

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// decider brings a person's decision to a plan that waits.
type decider interface {
	Decide(operation string, d change.Decision) error
}

// operationReader finds an operation in the journal.
type operationReader interface {
	Operation(ctx context.Context, id string) (journal.Operation, error)
}

// Approve is the verb by which an admin agrees to somebody else's plan.
func Approve(d decider, ops operationReader) Command {
	return decision(decided{decider: d, ops: ops, answer: change.Approve, done: "approve.done"}, Command{
		Verb: "approve", Example: "approve k7f3q2mz", Summary: "help.approve", Role: Admin,
	})
}

// Refuse is the verb by which an admin says no to somebody's plan.
func Refuse(d decider, ops operationReader) Command {
	return decision(decided{decider: d, ops: ops, answer: change.Decline, done: "refuse.done"}, Command{
		Verb: "refuse", Example: "refuse k7f3q2mz", Summary: "help.refuse", Role: Admin,
	})
}

// Cancel is the verb by which somebody takes back their own request while it waits.
func Cancel(d decider, ops operationReader) Command {
	return decision(decided{decider: d, ops: ops, answer: change.Withdraw, done: "cancel.done"}, Command{
		Verb: "cancel", Example: "cancel k7f3q2mz", Summary: "help.cancel", Role: Operator,
	})
}

// Confirm is the verb by which the only admin says again that a danger is meant. It is typed: no button does it.
func Confirm(d decider, ops operationReader) Command {
	return decision(decided{decider: d, ops: ops, answer: change.Confirm, done: "confirm.done"}, Command{
		Verb: "confirm", Example: "confirm k7f3q2mz", Summary: "help.confirm", Role: Admin,
	})
}

// decided is one of the answers to a plan that waits.
type decided struct {
	decider
	ops    operationReader
	answer change.Answer
	done   string // the key of the sentence that says so
}

func decision(d decided, c Command) Command {
	c.Args, c.Most = "<operation>", 1
	c.Parse = func(words []string) (Action, error) {
		id, err := parseOperation(words, c.Example)
		if err != nil {
			return Action{}, err
		}
		return Action{Request: c.Verb + " " + id, Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return d.say(ctx, a, id)
		}}, nil
	}
	return c
}

var operationID = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{8}$`)

func parseOperation(words []string, example string) (string, error) {
	if len(words) == 0 {
		return "", refusal.Misread(refusal.Args, "misread.operation-missing", nil, "ops")
	}
	if !operationID.MatchString(words[0]) {
		return "", refusal.Misread(refusal.Operation, "misread.operation", lang.With{"Value": shown(words[0]), "Example": example}, "ops").At("operation")
	}
	return words[0], nil
}

// say brings the decision to the operation. Who asked cannot approve or refuse, and only who asked can cancel or confirm.
func (d decided) say(ctx context.Context, a Ask, id string) (chat.Card, error) {
	op, err := d.ops.Operation(ctx, id)
	if errors.Is(err, journal.ErrNotFound) {
		return chat.Card{}, refusal.New(refusal.Operation, "refused.no-operation", lang.With{"Operation": id}, "ops")
	}
	if err != nil {
		return chat.Card{}, err
	}
	own := a.Person.owns(op.Asker)
	if (d.answer == change.Withdraw || d.answer == change.Confirm) && !own {
		return chat.Card{}, refusal.New(refusal.Role, "refused.not-yours", lang.With{"Operation": id}, "refuse "+id)
	}
	if d.answer == change.Approve && own {
		return chat.Card{}, refusal.New(refusal.Self, "refused.self", nil)
	}
	err = d.Decide(id, change.Decision{Answer: d.answer, By: a.Account, Name: a.Person.Name})
	if errors.Is(err, change.ErrNotWaiting) {
		return chat.Card{}, refusal.New(refusal.Operation, "refused.not-waiting", lang.With{"Operation": id}, "ops "+id)
	}
	if err != nil {
		return chat.Card{}, fmt.Errorf("decide %s: %w", id, err)
	}
	return chat.Card{
		State: chat.Answered, Mood: chat.Good, Language: a.Words.Tag(),
		Title: a.Words.Say(d.done, lang.With{"Operation": id, "Request": op.Request}),
	}, nil
}
