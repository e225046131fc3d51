package matrix

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
	"maunium.net/go/mautrix/sqlstatestore"
)

// stores are where the keys and the members of rooms are kept.
type stores struct {
	crypto *crypto.SQLCryptoStore
	state  *sqlstatestore.SQLStateStore
}

// stores brings the tables up to date. They share the journal's database: what was decrypted and what was asked come back
// from the same backup.
func (m *Matrix) stores(ctx context.Context) (stores, error) {
	db, err := dbutil.NewWithDB(m.Database, "sqlite3")
	if err != nil {
		return stores{}, fmt.Errorf("open the key store: %w", err)
	}
	s := stores{
		crypto: crypto.NewSQLCryptoStore(db, dbutil.NoopLogger, "", "", m.Key),
		state:  sqlstatestore.NewSQLStateStore(db, dbutil.NoopLogger, false),
	}
	if err := s.crypto.DB.Upgrade(ctx); err != nil {
		return stores{}, fmt.Errorf("prepare the key store: %w", err)
	}
	if err := s.state.Upgrade(ctx); err != nil {
		return stores{}, fmt.Errorf("prepare the store of rooms: %w", err)
	}
	return s, nil
}

// machine makes what encrypts and decrypts for the device that is signed in, and sees to it that the homeserver has its keys.
func (s stores) machine(ctx context.Context, client *mautrix.Client, password string) (*crypto.OlmMachine, error) {
	s.crypto.DeviceID = client.DeviceID
	client.StateStore = s.state
	silent := zerolog.Nop() // the library's own log stays out of ours
	machine := crypto.NewOlmMachine(client, &silent, s.crypto, s.state)
	machine.SetBackgroundCtx(ctx)
	if err := machine.Load(ctx); err != nil {
		return nil, fmt.Errorf("load the device's keys: %w", err)
	}
	known, err := client.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{client.UserID: {client.DeviceID}}})
	if err != nil {
		return nil, fmt.Errorf("ask for the device's keys: %w", err)
	}
	device, there := known.DeviceKeys[client.UserID][client.DeviceID]
	switch {
	case !there || len(device.Keys) == 0:
		machine.GetAccount().Shared = false // a device that was signed out loses its keys there
		if err := machine.ShareKeys(ctx, 0); err != nil {
			return nil, fmt.Errorf("publish the device's keys: %w", err)
		}
	case device.Keys.GetEd25519(client.DeviceID) != machine.OwnIdentity().SigningKey:
		return nil, fmt.Errorf("the homeserver has other keys for the device %s: sign it out there, and the bot signs in anew", client.DeviceID)
	}
	if _, signed := known.MasterKeys[client.UserID]; !signed {
		return machine, vouchForItself(ctx, machine, password)
	}
	return machine, nil
}

// vouchForItself cross-signs the bot's device, so that clients which send keys to verified devices only send them to it.
func vouchForItself(ctx context.Context, machine *crypto.OlmMachine, password string) error {
	keys, err := machine.GenerateCrossSigningKeys()
	if err != nil {
		return fmt.Errorf("make cross-signing keys: %w", err)
	}
	err = machine.PublishCrossSigningKeys(ctx, keys, func(ui *mautrix.RespUserInteractive) any {
		return &mautrix.ReqUIAuthLogin{
			BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ui.Session},
			User:         machine.Client.UserID.String(), Password: password,
		}
	})
	if err != nil {
		return fmt.Errorf("publish cross-signing keys: %w", err)
	}
	if err := machine.SignOwnDevice(ctx, machine.OwnIdentity()); err != nil {
		return fmt.Errorf("sign the own device: %w", err)
	}
	return nil
}

// send sends a message, encrypted where the room is. The same transaction sent again is the same message.
func (s *session) send(ctx context.Context, room id.RoomID, content *event.Content, transaction string) (id.EventID, error) {
	var sent any = content
	kind := event.EventMessage
	encrypted, err := s.state.IsEncrypted(ctx, room)
	if err != nil {
		return "", fmt.Errorf("look up whether the room is encrypted: %w", err)
	}
	if encrypted {
		if sent, err = s.encrypt(ctx, room, content); err != nil {
			return "", err
		}
		kind = event.EventEncrypted
	}
	resp, err := s.client.SendMessageEvent(ctx, room, kind, sent, mautrix.ReqSendEvent{TransactionID: transaction})
	if err != nil {
		return "", err
	}
	return resp.EventID, nil
}

// encrypt encrypts for everybody in the room, and shares a new key with them where it is time for one.
func (s *session) encrypt(ctx context.Context, room id.RoomID, content *event.Content) (*event.EncryptedEventContent, error) {
	sealed, err := s.machine.EncryptMegolmEvent(ctx, room, event.EventMessage, content)
	if err == nil {
		return sealed, nil
	}
	if !errors.Is(err, crypto.ErrSessionExpired) && !errors.Is(err, crypto.ErrNoGroupSession) && !errors.Is(err, crypto.ErrSessionNotShared) {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	members, err := s.state.GetRoomJoinedOrInvitedMembers(ctx, room)
	if err != nil {
		return nil, fmt.Errorf("list who is in the room: %w", err)
	}
	if err := s.machine.ShareGroupSession(ctx, room, members); err != nil {
		return nil, fmt.Errorf("share a key with the room: %w", err)
	}
	if sealed, err = s.machine.EncryptMegolmEvent(ctx, room, event.EventMessage, content); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return sealed, nil
}
