package matrix

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// invited accepts an invitation to one of the team's rooms, or of somebody whom the team knows, and declines any other.
func (r *reader) invited(ctx context.Context, room id.RoomID, invite *mautrix.SyncInvitedRoom) error {
	by := id.UserID("")
	for _, e := range invite.State.Events {
		if e.Type.Type == event.StateMember.Type && e.GetStateKey() == r.client.UserID.String() && e.Content.Raw["membership"] == "invite" {
			by = e.Sender
		}
	}
	if !slices.Contains(r.Rooms, room.String()) && !r.Known(by.String()) {
		r.log.InfoContext(ctx, "invitation declined", "room", room.String(), "by", by.String())
		_, err := r.client.LeaveRoom(ctx, room)
		return passing(err)
	}
	if _, err := r.client.JoinRoomByID(ctx, room); err != nil {
		r.log.WarnContext(ctx, "invitation not accepted", "room", room.String(), "by", by.String(), "error", err)
		return passing(err)
	}
	return nil
}

// passing keeps an error that may be gone at the next try, and drops one by which the homeserver said no.
func passing(err error) error {
	if hopeless(err) {
		return nil
	}
	return err
}

// hopeless tells whether trying again cannot help: the homeserver understood and said no. What only stands for a bad
// moment, or for a session that is over, is tried again.
func hopeless(err error) bool {
	said, ok := errors.AsType[mautrix.HTTPError](err)
	if !ok || said.Response == nil {
		return false
	}
	switch code := said.Response.StatusCode; code {
	case http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusRequestTimeout:
		return false
	default:
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError
	}
}

// nod is what a reaction asks for: the command of the button that agrees, where it stands on a card of ours that waits.
func (r *reader) nod(ctx context.Context, e *event.Event, to id.EventID) (chat.Request, bool, error) {
	card, err := r.client.GetEvent(ctx, e.RoomID, to)
	if hopeless(err) {
		return chat.Request{}, false, nil
	}
	if err != nil {
		return chat.Request{}, false, fmt.Errorf("look at what a reaction stands on: %w", err)
	}
	delivery, ok := card.Content.Raw[deliveryKey].(string)
	if card.Sender != r.client.UserID || !ok {
		return chat.Request{}, false, nil
	}
	m, err := r.talk.Message(ctx, delivery)
	if err != nil {
		return chat.Request{}, false, err
	}
	if m.Ref != refOf(e.RoomID, to) || m.Card.State != chat.Waiting {
		return chat.Request{}, false, nil
	}
	for _, b := range m.Card.Buttons {
		if b.Agrees {
			return chat.Request{
				Key: e.ID.String(), Room: m.Request.Room, User: user(e.Sender), Text: prefix + " " + b.Command, At: r.Now(),
			}, true, nil
		}
	}
	return chat.Request{}, false, nil
}

// direct is the room in which the bot talks to somebody alone, made where there is none. It is encrypted.
func (s *session) direct(ctx context.Context, who id.UserID) (id.RoomID, error) {
	talks := event.DirectChatsEventContent{}
	if err := s.client.GetAccountData(ctx, event.AccountDataDirectChats.Type, &talks); err != nil && !errors.Is(err, mautrix.MNotFound) {
		return "", fmt.Errorf("look up direct rooms: %w", err)
	}
	for _, room := range talks[who] {
		there, err := s.state.GetRoomJoinedOrInvitedMembers(ctx, room)
		if err != nil {
			return "", fmt.Errorf("look up who is in the direct room: %w", err)
		}
		if len(there) == 2 && slices.Contains(there, who) && slices.Contains(there, s.client.UserID) {
			return room, nil
		}
	}
	encryption := &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}
	made, err := s.client.CreateRoom(ctx, &mautrix.ReqCreateRoom{
		Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{who},
		InitialState: []*event.Event{{Type: event.StateEncryption, Content: event.Content{Parsed: encryption}}},
	})
	if err != nil {
		return "", fmt.Errorf("make a direct room: %w", err)
	}
	talks[who] = append(talks[who], made.RoomID)
	if err := s.client.SetAccountData(ctx, event.AccountDataDirectChats.Type, &talks); err != nil {
		return "", fmt.Errorf("remember the direct room: %w", err)
	}
	return made.RoomID, s.settle(ctx, made.RoomID, who)
}

// settle notes what the next sync would tell of a new room, so that the first message in it is encrypted for both.
func (s *session) settle(ctx context.Context, room id.RoomID, who id.UserID) error {
	return errors.Join(
		s.state.SetEncryptionEvent(ctx, room, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}),
		s.state.SetMembership(ctx, room, s.client.UserID, event.MembershipJoin),
		s.state.SetMembership(ctx, room, who, event.MembershipInvite),
	)
}
