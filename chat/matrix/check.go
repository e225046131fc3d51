package matrix

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Access is what the bot can do in Matrix.
type Access struct {
	// Encrypted and Plain are the rooms that the bot is in.
	Encrypted []string
	Plain     []string
	// Absent are the configured rooms that it is not in.
	Absent []string
	// TooMany are rooms in which it may do more than talk.
	TooMany []string
}

// Check signs in beside the running bot, looks around, and signs out again.
func (m *Matrix) Check(ctx context.Context) (found Access, err error) {
	password, err := m.Password()
	if err != nil {
		return Access{}, fmt.Errorf("matrix.password: %w", err)
	}
	client, err := m.dial()
	if err != nil {
		return Access{}, err
	}
	if err := m.login(ctx, client, password, ""); err != nil {
		return Access{}, err
	}
	defer func() {
		_, out := client.Logout(context.WithoutCancel(ctx))
		err = errors.Join(err, out)
	}()
	joined, err := client.JoinedRooms(ctx)
	if err != nil {
		return Access{}, fmt.Errorf("list rooms: %w", err)
	}
	for _, room := range m.Rooms {
		if !slices.Contains(joined.JoinedRooms, id.RoomID(room)) {
			found.Absent = append(found.Absent, room)
		}
	}
	slices.Sort(joined.JoinedRooms)
	for _, room := range joined.JoinedRooms {
		if err := found.look(ctx, client, room); err != nil {
			return Access{}, err
		}
	}
	return found, nil
}

// look adds what the bot can do in a room.
func (a *Access) look(ctx context.Context, client *mautrix.Client, room id.RoomID) error {
	var encryption event.EncryptionEventContent
	err := client.StateEvent(ctx, room, event.StateEncryption, "", &encryption)
	switch {
	case err == nil:
		a.Encrypted = append(a.Encrypted, room.String())
	case errors.Is(err, mautrix.MNotFound):
		a.Plain = append(a.Plain, room.String())
	default:
		return fmt.Errorf("look at %s: %w", room, err)
	}
	var levels event.PowerLevelsEventContent
	if err := client.StateEvent(ctx, room, event.StatePowerLevels, "", &levels); err != nil && !errors.Is(err, mautrix.MNotFound) {
		return fmt.Errorf("look at the rights in %s: %w", room, err)
	}
	direct, err := client.JoinedMembers(ctx, room)
	if err != nil {
		return fmt.Errorf("look at who is in %s: %w", room, err)
	}
	if level := levels.GetUserLevel(client.UserID); level > levels.UsersDefault && len(direct.Joined) > 2 {
		a.TooMany = append(a.TooMany, fmt.Sprintf("%s: power level %d, where %d is enough", room, level, levels.UsersDefault))
	}
	return nil
}
