package matrix

import (
	"cmp"
	"context"
	"errors"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// decrypted is what an encrypted event asks for. One whose key has not come is held until then.
func (r *reader) decrypted(ctx context.Context, e *event.Event, until time.Time) (chat.Request, bool, error) {
	if e.Sender == r.client.UserID {
		return chat.Request{}, false, nil
	}
	plain, err := r.machine.DecryptMegolmEvent(ctx, e)
	switch {
	case errors.Is(err, crypto.ErrNoSessionFound) && r.Now().Before(until):
		r.held = append(r.held, held{event: e, until: until})
		return chat.Request{}, false, nil
	case err != nil:
		req, ok := r.unreadable(e)
		return req, ok, ctx.Err()
	}
	req, ok := me{id: r.client.UserID, name: r.name}.requestOf(plain, r.Now())
	if ok && !r.verified(ctx, plain) {
		req.Doubt = cmp.Or(req.Doubt, chat.Unverified)
	}
	return req, ok, nil
}

// verified tells whether a decrypted event is surely of a device that its sender vouches for by cross-signing. Where it is
// not, the homeserver is asked once more: people verify a device because the bot told them to.
func (r *reader) verified(ctx context.Context, e *event.Event) bool {
	from := e.Mautrix.TrustSource
	if from == nil || e.Mautrix.ForwardedKeys {
		return false
	}
	if e.Mautrix.TrustState >= id.TrustStateCrossSignedTOFU {
		return true
	}
	fetched, err := r.machine.FetchKeys(ctx, []id.UserID{e.Sender}, true)
	if err != nil {
		return false
	}
	device, ok := fetched[e.Sender][from.DeviceID]
	if !ok || device.IdentityKey != from.IdentityKey || device.SigningKey != from.SigningKey {
		return false
	}
	trust, err := r.machine.ResolveTrustContext(ctx, device)
	return err == nil && trust >= id.TrustStateCrossSignedTOFU
}

// retry looks whether the keys have come that messages wait for. Whoever sent one that has waited long enough is told.
func (r *reader) retry(ctx context.Context) ([]chat.Request, error) {
	waiting := r.held
	r.held = nil
	var asked []chat.Request
	for _, h := range waiting {
		req, ok, err := r.decrypted(ctx, h.event, h.until)
		if err != nil {
			return nil, err
		}
		if ok {
			asked = append(asked, req)
		}
	}
	return asked, nil
}

// unreadable is the request that stands for a message that cannot be decrypted. It may have been meant for somebody else, so
// only people of the team are told, and not of what is old.
func (r *reader) unreadable(e *event.Event) (chat.Request, bool) {
	if !r.Known(e.Sender.String()) || late(e, r.Now()) || e.Unsigned.RedactedBecause != nil {
		return chat.Request{}, false
	}
	return chat.Request{
		Key: e.ID.String(), Room: place(e.RoomID, threadOf(e)), User: user(e.Sender), At: r.Now(), Doubt: chat.Unreadable,
	}, true
}

// threadOf is the thread that an encrypted event says in the clear that it stands in, or that it opens.
func threadOf(e *event.Event) id.EventID {
	if content, ok := e.Content.Parsed.(*event.EncryptedEventContent); ok && content.RelatesTo != nil && content.RelatesTo.Type == event.RelThread {
		return cmp.Or(content.RelatesTo.EventID, e.ID)
	}
	return e.ID
}
