package matrix

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"
	"maunium.net/go/mautrix/sqlstatestore"
)

const (
	// callTime is how long one call of the homeserver may take, the waiting of a sync included.
	callTime = time.Minute
	// syncWait is how long the homeserver may wait with the answer of a sync until there is something to tell.
	syncWait = 30 * time.Second
)

// session is one device that is signed in. Another one takes its place when it is signed out.
type session struct {
	client  *mautrix.Client
	state   *sqlstatestore.SQLStateStore
	machine *crypto.OlmMachine
	// name is the account's display name.
	name string
}

// credentials are what a session goes on with.
type credentials struct {
	Device string `json:"device"`
	Token  string `json:"token"`
}

// open goes on with the device of an earlier process, or signs in with the password where that device was signed out.
func (m *Matrix) open(ctx context.Context) (*session, error) {
	password, err := m.Password()
	if err != nil {
		return nil, fmt.Errorf("matrix.password: %w", err)
	}
	client, err := m.dial()
	if err != nil {
		return nil, err
	}
	stores, err := m.stores(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.signIn(ctx, client, stores, password); err != nil {
		return nil, err
	}
	s := &session{client: client, state: stores.state}
	if s.machine, err = stores.machine(ctx, client, password); err != nil {
		return nil, err
	}
	named, err := client.GetOwnDisplayName(ctx)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return nil, fmt.Errorf("ask for the own name: %w", err)
	}
	if err == nil {
		s.name = named.DisplayName
	}
	return s, nil
}

// dial makes a client that tries nothing again by itself: what waits for an answer decides that.
func (m *Matrix) dial() (*mautrix.Client, error) {
	client, err := mautrix.NewClient(m.Homeserver, id.UserID(m.User), "")
	if err != nil {
		return nil, fmt.Errorf("matrix.homeserver: %w", err)
	}
	client.Client = &http.Client{Timeout: callTime}
	client.IgnoreRateLimit = true
	return client, nil
}

// sessionNote is the note that keeps the credentials.
const sessionNote = "matrix-session"

// signIn takes the credentials that are kept where they still work, and signs the same device in again where they do not.
func (m *Matrix) signIn(ctx context.Context, client *mautrix.Client, stores stores, password string) error {
	kept, err := m.kept(ctx, password)
	if err != nil {
		return err
	}
	if kept.Token != "" {
		client.AccessToken, client.DeviceID = kept.Token, id.DeviceID(kept.Device)
		who, err := client.Whoami(ctx)
		if err == nil && who.UserID == client.UserID && who.DeviceID == client.DeviceID {
			return nil
		}
		if err != nil && !errors.Is(err, mautrix.MUnknownToken) {
			return fmt.Errorf("ask who the token is: %w", err)
		}
	}
	device, err := stores.crypto.FindDeviceID(ctx)
	if err != nil {
		return fmt.Errorf("find the device: %w", err)
	}
	if err := m.login(ctx, client, password, device); err != nil {
		return err
	}
	return m.keep(ctx, password, credentials{Device: client.DeviceID.String(), Token: client.AccessToken})
}

func (m *Matrix) login(ctx context.Context, client *mautrix.Client, password string, device id.DeviceID) error {
	client.AccessToken = ""
	got, err := client.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: m.User},
		Password: password, DeviceID: device, InitialDeviceDisplayName: "rt bot", StoreCredentials: true,
	})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	if got.UserID != id.UserID(m.User) {
		return fmt.Errorf("signed in as %s, want %s", got.UserID, m.User)
	}
	return nil
}

// kept are the credentials of an earlier process; none where there was none, or where the password is another one since.
func (m *Matrix) kept(ctx context.Context, password string) (credentials, error) {
	var c credentials
	text, err := m.Notes.Noted(ctx, sessionNote)
	if err != nil || text == "" {
		return c, err
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return c, fmt.Errorf("read the session: %w", err)
	}
	box, err := sealer(password)
	if err != nil {
		return c, err
	}
	open, err := box.Open(nil, nil, sealed, nil)
	if err != nil {
		return c, nil //nolint:nilerr // another password: the device is signed in anew
	}
	return c, json.Unmarshal(open, &c)
}

// keep seals the credentials with the password: whoever reads the database alone has no use of them.
func (m *Matrix) keep(ctx context.Context, password string, c credentials) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	box, err := sealer(password)
	if err != nil {
		return err
	}
	sealed := box.Seal(nil, nil, text, nil) //nolint:gosec // it makes a nonce of its own
	return m.Notes.Note(ctx, sessionNote, base64.StdEncoding.EncodeToString(sealed))
}

func sealer(password string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(password), nil, "rt bot: matrix session", 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
