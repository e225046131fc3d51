package homeserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.mau.fi/util/dbutil"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
	_ "modernc.org/sqlite" // where a client keeps its keys
)

// Person is somebody with a client that encrypts and decrypts.
type Person struct {
	*mautrix.Client

	helper *cryptohelper.CryptoHelper
	done   chan struct{}
	stop   context.CancelFunc

	mu       sync.Mutex
	messages []Message
}

// Message is a message as a client shows it, with all that it said.
type Message struct {
	ID     id.EventID
	Room   id.RoomID
	Sender id.UserID
	Thread id.EventID
	// Versions are what it said, oldest first.
	Versions []*event.MessageEventContent
}

// Now is what the message says.
func (m Message) Now() *event.MessageEventContent { return m.Versions[len(m.Versions)-1] }

// SignIn signs somebody in with a new device that keeps its keys in a file, and listens until Leave or the end of ctx.
func (s *Server) SignIn(ctx context.Context, name, password, file string) (*Person, error) {
	client, err := mautrix.NewClient(s.URL, "", "")
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	keys, err := dbutil.NewWithDB(db, "sqlite3")
	if err != nil {
		return nil, err
	}
	helper, err := cryptohelper.NewCryptoHelper(client, []byte("a test's"), keys)
	if err != nil {
		return nil, err
	}
	helper.LoginAs = &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name}, Password: password,
	}
	if err := helper.Init(ctx); err != nil {
		return nil, fmt.Errorf("sign %s in: %w", name, err)
	}
	client.Crypto = helper
	p := &Person{Client: client, helper: helper, done: make(chan struct{})}
	listener, ok := client.Syncer.(mautrix.ExtensibleSyncer)
	if !ok {
		return nil, errors.New("the client cannot listen")
	}
	listener.OnEventType(event.EventMessage, p.hear)
	listener.OnEventType(event.StateMember, p.comeAlong)
	ctx, p.stop = context.WithCancel(ctx)
	go func() {
		defer close(p.done)
		_ = client.SyncWithContext(ctx) // it ends when it is stopped
	}()
	return p, nil
}

// comeAlong accepts an invitation to talk alone.
func (p *Person) comeAlong(ctx context.Context, e *event.Event) {
	if content := e.Content.AsMember(); e.GetStateKey() == p.UserID.String() && content.Membership == event.MembershipInvite && content.IsDirect {
		_, _ = p.JoinRoomByID(ctx, e.RoomID) // where it fails, nothing is heard
	}
}

// Leave ends listening.
func (p *Person) Leave() {
	p.stop()
	<-p.done
	_ = p.helper.Close() // its file goes with the test
}

// Verify cross-signs the person's own device, as a client does with a recovery key.
func (p *Person) Verify(ctx context.Context, password string) error {
	machine := p.helper.Machine()
	if _, _, err := machine.GenerateAndUploadCrossSigningKeysWithPassword(ctx, password, ""); err != nil {
		return fmt.Errorf("make keys for %s: %w", p.UserID, err)
	}
	if err := machine.SignOwnDevice(ctx, machine.OwnIdentity()); err != nil {
		return fmt.Errorf("verify the device of %s: %w", p.UserID, err)
	}
	return nil
}

// hear keeps a message, or puts an edit in its place.
func (p *Person) hear(_ context.Context, e *event.Event) {
	content, ok := e.Content.Parsed.(*event.MessageEventContent)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := content.OptionalGetRelatesTo()
	if r.GetReplaceID() != "" {
		for i := range p.messages {
			if m := &p.messages[i]; m.ID == r.GetReplaceID() && m.Sender == e.Sender {
				m.Versions = append(m.Versions, content.NewContent)
			}
		}
		return
	}
	p.messages = append(p.messages, Message{ID: e.ID, Room: e.RoomID, Sender: e.Sender, Thread: r.GetThreadParent(), Versions: []*event.MessageEventContent{content}})
}

// Thread are the messages in a thread that somebody else wrote, oldest first.
func (p *Person) Thread(root id.EventID) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []Message
	for _, m := range p.messages {
		if m.Thread == root && m.Sender != p.UserID {
			found = append(found, m)
		}
	}
	return found
}

// Heard are the messages of others with that text in them.
func (p *Person) Heard(text string) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []Message
	for _, m := range p.messages {
		if m.Sender != p.UserID && strings.Contains(m.Now().Body, text) {
			found = append(found, m)
		}
	}
	return found
}

// Download fetches the file of a message, and decrypts it.
func (p *Person) Download(ctx context.Context, m Message) ([]byte, error) {
	address := m.Now().URL
	if m.Now().File != nil {
		address = m.Now().File.URL
	}
	at, err := address.Parse()
	if err != nil {
		return nil, err
	}
	data, err := p.DownloadBytes(ctx, at)
	if err != nil || m.Now().File == nil {
		return data, err
	}
	return data, m.Now().File.DecryptInPlace(data)
}

// Room makes a room with some people and lets them in.
func (p *Person) Room(ctx context.Context, encrypted bool, others ...*Person) (id.RoomID, error) { //nolint:revive // a kind of room
	req := &mautrix.ReqCreateRoom{Preset: "private_chat"}
	for _, o := range others {
		req.Invite = append(req.Invite, o.UserID)
	}
	if encrypted {
		req.InitialState = []*event.Event{{
			Type: event.StateEncryption, Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
		}}
	}
	made, err := p.CreateRoom(ctx, req)
	if err != nil {
		return "", fmt.Errorf("make a room: %w", err)
	}
	for _, o := range others {
		if _, err := o.JoinRoomByID(ctx, made.RoomID); err != nil {
			return "", fmt.Errorf("let %s in: %w", o.UserID, err)
		}
	}
	return made.RoomID, p.Sees(ctx, made.RoomID, p.UserID)
}

// Sees waits until the person's client knows that somebody is in a room: what it sends from then on is encrypted for them.
func (p *Person) Sees(ctx context.Context, room id.RoomID, who id.UserID) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !p.StateStore.IsInRoom(ctx, room, who) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s does not see %s in %s: %w", p.UserID, who, room, ctx.Err())
		}
	}
	return nil
}

// Say says a line.
func (p *Person) Say(ctx context.Context, room id.RoomID, line string) (id.EventID, error) {
	return p.Send(ctx, room, &event.MessageEventContent{MsgType: event.MsgText, Body: line})
}

// Send sends a message as it is given.
func (p *Person) Send(ctx context.Context, room id.RoomID, content *event.MessageEventContent) (id.EventID, error) {
	sent, err := p.SendMessageEvent(ctx, room, event.EventMessage, content)
	if err != nil {
		return "", fmt.Errorf("say %q: %w", content.Body, err)
	}
	return sent.EventID, nil
}

// SendOnce sends a message under a name of its own: sent again, it is the same message.
func (p *Person) SendOnce(ctx context.Context, room id.RoomID, content *event.MessageEventContent, name string) (id.EventID, error) {
	sent, err := p.SendMessageEvent(ctx, room, event.EventMessage, content, mautrix.ReqSendEvent{TransactionID: name})
	if err != nil {
		return "", fmt.Errorf("say %q: %w", content.Body, err)
	}
	return sent.EventID, nil
}

// React puts a reaction on a message.
func (p *Person) React(ctx context.Context, room id.RoomID, to id.EventID, sign string) error {
	_, err := p.SendReaction(ctx, room, to, sign)
	return err
}

// InviteBot invites an account that answers by itself, and waits until it is there.
func (p *Person) InviteBot(ctx context.Context, room id.RoomID, who id.UserID) error {
	if _, err := p.InviteUser(ctx, room, &mautrix.ReqInviteUser{UserID: who}); err != nil {
		return fmt.Errorf("invite %s: %w", who, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return p.Sees(ctx, room, who)
}
