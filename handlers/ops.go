package handlers

import (
	"context"
	"errors"
	"time"

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

// namer knows the people behind accounts.
type namer interface{ NameOf(account string) string }

// mostOps is how many operations the list shows.
const mostOps = 20

// Ops is the verb that lists what was changed, newest first, or shows one operation.
func Ops(ops operationLister, cards viewer, team namer) Command {
	one := oneOp{ops: ops, cards: cards, team: team}
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "ops", Answer: func(ctx context.Context, a Ask) (chat.Card, error) { return listOps(ctx, a, ops) }}, nil
		}
		id, err := parseOperation(words, "ops k7f3q2mz")
		if err != nil {
			return Action{}, err
		}
		return Action{Request: "ops " + id, Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return one.show(ctx, a, id)
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
			op.ID, op.CreatedAt.Format(clock), op.Asker, op.Request, outcomeName(w, op),
		})
	}
	return card, nil
}

// clock is how times stand in lists.
const clock = "2006-01-02 15:04:05Z07:00"

// oneOp shows one operation, with who asked for it and who decided.
type oneOp struct {
	ops   operationReader
	cards viewer
	team  namer
}

func (o oneOp) show(ctx context.Context, a Ask, id string) (chat.Card, error) {
	op, err := o.ops.Operation(ctx, id)
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
	card := o.cards.Operation(a.Words, view)
	card.Facts = append(o.people(a.Words, op, view), card.Facts...)
	card.State = chat.Answered
	card.Text = append([]string{op.Request + ": " + outcomeName(a.Words, op)}, card.Text...)
	return card, nil
}

// people are who asked and who decided, and when.
func (o oneOp) people(w lang.Words, op journal.Operation, v change.View) []chat.Fact {
	fact := func(key, account, name string, at time.Time) chat.Fact {
		if name != account {
			name += " (" + account + ")"
		}
		return chat.Fact{Label: w.Say(key, nil), Value: name + ", " + at.UTC().Format(clock)}
	}
	facts := []chat.Fact{fact("ops.asked", op.Asker, o.team.NameOf(op.Asker), op.CreatedAt)}
	for _, s := range v.Steps {
		if s.Name == change.StepApprove && v.Decision.By != "" {
			facts = append(facts, fact(decisionKeys[v.Decision.Answer], v.Decision.By, v.Decision.Name, s.Ended))
		}
	}
	return facts
}

var decisionKeys = map[change.Answer]string{
	change.Approve: "ops.approved", change.Confirm: "ops.confirmed", change.Decline: "ops.refused", change.Withdraw: "ops.withdrawn",
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
