package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"rtbot/chat"
	"rtbot/journal"
)

// Messages returns the newest n messages of a room, oldest first.
func (r *Router) Messages(ctx context.Context, room chat.Room, n int) ([]chat.Message, error) {
	found, err := r.Journal.Recent(ctx, room.Platform, room.ID, n)
	if err != nil {
		return nil, err
	}
	return messagesOf(found)
}

// Message returns the message of that delivery, or an error that wraps journal.ErrNotFound.
func (r *Router) Message(ctx context.Context, delivery string) (chat.Message, error) {
	d, err := r.Journal.Delivery(ctx, delivery)
	if err != nil {
		return chat.Message{}, err
	}
	return messageOf(d)
}

// mostLate is how old an answer may be that is still brought to where it was asked for.
const mostLate = 24 * time.Hour

// Unshown returns the messages of a platform whose newest card was not shown: the answers that a crash kept back.
func (r *Router) Unshown(ctx context.Context, platform string) ([]chat.Message, error) {
	found, err := r.Journal.Unshown(ctx, platform, r.Now().Add(-mostLate))
	if err != nil {
		return nil, err
	}
	return messagesOf(found)
}

// Posted remembers where a platform shows the answer to a delivery, and which version of it.
func (r *Router) Posted(ctx context.Context, delivery, ref string, version int) error {
	return r.Journal.Posted(ctx, delivery, ref, version)
}

func messagesOf(found []journal.Delivery) ([]chat.Message, error) {
	messages := make([]chat.Message, 0, len(found))
	for _, d := range found {
		m, err := messageOf(d)
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func messageOf(d journal.Delivery) (chat.Message, error) {
	m := chat.Message{Delivery: d.ID, Version: d.Version, Ref: d.Message, Request: chat.Request{
		Key: d.Key, Room: chat.Room{Platform: d.Platform, ID: d.Room}, User: userOf(d), Text: d.Text,
		Languages: d.Languages, At: d.ReceivedAt, Doubt: chat.Doubt(d.Doubt),
	}}
	m.Card = chat.Card{Operation: d.Operation, State: chat.Working, Mood: chat.Neutral}
	if d.Version == 0 {
		return m, nil
	}
	if err := json.Unmarshal(d.Card, &m.Card); err != nil {
		return chat.Message{}, fmt.Errorf("read card of %s: %w", d.ID, err)
	}
	return m, nil
}
