package handlers

import (
	"context"

	"rtbot/chat"
	"rtbot/journal"
)

// Receive stores a request, and the operation that it asks for, before it returns: the platform acknowledges after that.
// The answer comes by the platform's Show.
func (r *Router) Receive(ctx context.Context, req chat.Request) (chat.Receipt, error) {
	asked, cost := r.weigh(ctx, req)
	stored, repeat, err := r.Journal.Accept(ctx, asked.Delivery, asked.Operation)
	if err != nil {
		return chat.Receipt{}, err
	}
	r.takeUp(ctx, journal.Accepted{Delivery: stored, Repeat: repeat}, cost)
	return chat.Receipt{Delivery: stored.ID, Operation: stored.Operation, Repeat: repeat}, nil
}

// ReceiveBatch stores requests, and how far their platform was read, all in one transaction. The answers come by the
// platform's Show.
func (r *Router) ReceiveBatch(ctx context.Context, b chat.Batch) error {
	asked, costs := make([]journal.Asked, len(b.Requests)), make([]charge, len(b.Requests))
	for i, req := range b.Requests {
		asked[i], costs[i] = r.weigh(ctx, req)
	}
	stored, err := r.Journal.AcceptBatch(ctx, b.Platform, b.Cursor, asked)
	if err != nil {
		for _, cost := range costs {
			cost.giveBack() // they come again
		}
		return err
	}
	for i, s := range stored {
		r.takeUp(ctx, s, costs[i])
	}
	return nil
}

// Cursor is how far a platform was read; empty where it never was.
func (r *Router) Cursor(ctx context.Context, platform string) (string, error) {
	return r.Journal.Cursor(ctx, platform)
}

// weigh is a request as it is stored, and what it costs its asker. One that is over the asker's pace asks for no operation.
func (r *Router) weigh(ctx context.Context, req chat.Request) (journal.Asked, charge) {
	who, op := r.wanted(ctx, req)
	cost := r.Meter.take(who, op, r.Now())
	if cost.refused != nil {
		op = nil
	}
	return journal.Asked{Operation: op, Delivery: journal.Delivery{
		Platform: req.Room.Platform, Key: req.Key, Room: req.Room.ID, UserID: req.User.ID, UserName: req.User.Name,
		Text: kept(req.Text), Languages: req.Languages, ReceivedAt: r.Now(), Doubt: string(req.Doubt),
	}}, cost
}

// takeUp has a stored request answered, unless it was stored before. Where ctx ends first, the next start takes it up.
func (r *Router) takeUp(ctx context.Context, a journal.Accepted, cost charge) {
	if a.Repeat {
		cost.giveBack()
		return
	}
	select {
	case r.intake <- accepted{delivery: a.ID, charge: r.Meter.settle(cost)}:
	case <-ctx.Done():
	}
}

// wanted is who asks, a person or else an account, and the operation that a request asks for: none where it only reads, is
// not understood, or is not allowed.
func (r *Router) wanted(ctx context.Context, req chat.Request) (string, *journal.NewOperation) {
	who, err := r.who(ctx, req.Room, req.User)
	if err != nil {
		return account(req.User), nil
	}
	c, a, err := r.parse(req.Text)
	if err != nil || a.Change == nil || doubted(req.Doubt) != nil || allowed(who, c, req.Doubt) != nil {
		return who.Name, nil
	}
	return who.Name, &journal.NewOperation{Verb: c.Verb, App: a.Change.App.Name, Request: a.Request, Asker: account(req.User)}
}
