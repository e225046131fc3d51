package handlers

import (
	"context"
	"errors"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// operationLister reads the operations of the journal.
type operationLister interface {
	operationReader
	Operations(ctx context.Context, n int) ([]journal.Operation, error)
}

// viewer makes the card of an operation.
type viewer interface {
	Operation(w lang.Words, v change.View) chat.Card
}

// mostOps is how many operations the list shows.
const mostOps = 20

// Ops is the verb that lists what was changed, newest first, or shows one operation.
func Ops(ops operationLister, cards viewer) Command {
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "ops", Answer: func(ctx context.Context, a Ask) (chat.Card, error) { return listOps(ctx, a, ops) }}, nil
		}
		id, err := parseOperation(words, "ops k7f3q2mz")
		if err != nil {
			return Action{}, err
		}
		return Action{Request: "ops " + id, Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return oneOp(ctx, a, ops, cards, id)
		}}, nil
	}
	return Command{
		Verb: "ops", Args: "[operation]", Example: "ops", Summary: "help.ops", Role: Viewer, Most: 1, Parse: parse,
	}
}

func listOps(ctx context.Context, a Ask, ops operationLister) (chat.Card, error) {
	found, err := ops.Operations(ctx, mostOps)
	if err != nil {
		return chat.Card{}, err
	}
	w := a.Words
	card := chat.Card{State: chat.Answered, Mood: chat.Neutral, Language: w.Tag(), Title: w.Count("ops.title", len(found), nil)}
	if len(found) == 0 {
		return card, nil
	}
	card.Table = &chat.Table{Columns: []string{
		w.Say("ops.column-id", nil), w.Say("ops.column-when", nil), w.Say("ops.column-who", nil),
		w.Say("ops.column-request", nil), w.Say("ops.column-state", nil),
	}}
	for _, op := range found {
		card.Table.Rows = append(card.Table.Rows, []string{
			op.ID, op.CreatedAt.Format("2006-01-02 15:04:05Z07:00"), op.Asker, op.Request, outcomeName(w, op),
		})
	}
	return card, nil
}

func oneOp(ctx context.Context, a Ask, ops operationReader, cards viewer, id string) (chat.Card, error) {
	op, err := ops.Operation(ctx, id)
	if errors.Is(err, journal.ErrNotFound) {
		return chat.Card{}, refusal.New(refusal.Operation, "refused.no-operation", lang.With{"Operation": id}, "ops")
	}
	if err != nil {
		return chat.Card{}, err
	}
	view, err := change.Recall(op)
	if err != nil {
		return chat.Card{}, err
	}
	card := cards.Operation(a.Words, view)
	card.State = chat.Answered
	card.Text = append([]string{op.Request + ": " + outcomeName(a.Words, op)}, card.Text...)
	return card, nil
}

// outcomeName says in a word how an operation stands.
func outcomeName(w lang.Words, op journal.Operation) string {
	switch change.Outcome(op.Outcome) {
	case change.Verified:
		return w.Say("outcome.verified", nil)
	case change.Already:
		return w.Say("outcome.already", nil)
	case change.Refused:
		return w.Say("outcome.refused", nil)
	case change.Failed:
		return w.Say("outcome.failed", nil)
	case change.Going, change.Awaiting:
	}
	if op.State == journal.Waiting {
		return w.Say("outcome.waiting", nil)
	}
	return w.Say("outcome.going", nil)
}
