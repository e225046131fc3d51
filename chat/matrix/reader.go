package matrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
)

// reader reads what happens, one answer of the homeserver after another, and stores what was asked together with how far it
// has read.
type reader struct {
	*Matrix
	*session

	// since is how far was read, and stored is how far of it is surely dealt with: a message that waits for its key holds it.
	since, stored string
	held          []held
}

// held is a message whose key has not come yet.
type held struct {
	event *event.Event
	until time.Time
}

const (
	// keyTime is how long a key may come after its message.
	keyTime = 10 * time.Second
	// holdWait is how long a sync waits while a message waits for its key.
	holdWait = time.Second
	// mostFaults is how often an answer of the homeserver is tried that makes the program panic.
	mostFaults = 3
)

// filter leaves out what the bot does not look at.
var filter = func() string {
	nothing := &mautrix.FilterPart{NotTypes: []event.Type{{Type: "*"}}}
	text, err := json.Marshal(mautrix.Filter{
		Presence: nothing, AccountData: nothing,
		Room: &mautrix.RoomFilter{AccountData: nothing, Ephemeral: nothing, Timeline: &mautrix.FilterPart{Limit: 100}},
	})
	if err != nil {
		return ""
	}
	return string(text)
}()

// step reads one answer.
func (r *reader) step(ctx context.Context) error {
	wait := syncWait
	if len(r.held) > 0 {
		wait = holdWait
	}
	resp, err := r.client.FullSyncRequest(ctx, mautrix.ReqSync{Since: r.since, FilterID: filter, Timeout: int(wait.Milliseconds())})
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	asked, err := r.guarded(ctx, resp)
	if err != nil {
		return err
	}
	for i := range asked {
		asked[i].Languages = []string{r.Language}
	}
	next := resp.NextBatch
	if len(r.held) > 0 {
		next = r.stored // what is held is read again after a crash; what was stored is known by its key
	}
	if len(asked) > 0 || next != r.stored {
		if err := r.talk.ReceiveBatch(ctx, chat.Batch{Platform: Platform, Cursor: next, Requests: asked}); err != nil {
			return err
		}
	}
	r.since, r.stored = resp.NextBatch, next
	return nil
}

// errPanic is a fault of the program, or of the library, over what it read.
var errPanic = errors.New("panic")

// guarded reads an answer. One that makes the program panic is tried some times and then passed over: the bot must not hang on
// a hostile event for ever.
func (r *reader) guarded(ctx context.Context, resp *mautrix.RespSync) (asked []chat.Request, err error) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		if r.faults[r.since]++; r.faults[r.since] < mostFaults {
			asked, err = nil, fmt.Errorf("%w: %v", errPanic, fault)
			return
		}
		clear(r.faults)
		r.log.ErrorContext(ctx, "an answer of the homeserver was passed over", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
	}()
	return r.read(ctx, resp)
}

// read takes an answer apart: keys first, then who is where, then what was said.
func (r *reader) read(ctx context.Context, resp *mautrix.RespSync) ([]chat.Request, error) {
	r.machine.ProcessSyncResponse(ctx, resp, r.since)
	for _, room := range slices.Sorted(maps.Keys(resp.Rooms.Invite)) {
		if err := r.invited(ctx, room, resp.Rooms.Invite[room]); err != nil {
			return nil, err
		}
	}
	asked, err := r.retry(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(resp.Rooms.Join)) {
		said, err := r.room(ctx, id, resp.Rooms.Join[id])
		if err != nil {
			return nil, err
		}
		asked = append(asked, said...)
	}
	for _, id := range slices.Sorted(maps.Keys(resp.Rooms.Leave)) {
		r.learn(ctx, id, resp.Rooms.Leave[id].State.Events, resp.Rooms.Leave[id].Timeline.Events)
	}
	return asked, nil
}

// learn keeps who is in a room and whether it is encrypted.
func (r *reader) learn(ctx context.Context, room id.RoomID, lists ...[]*event.Event) {
	for _, e := range slices.Concat(lists...) {
		parse(e, room)
		if e.StateKey == nil {
			continue
		}
		mautrix.UpdateStateStore(ctx, r.state, e)
		if e.Type == event.StateMember {
			r.machine.HandleMemberEvent(ctx, e)
		}
	}
}

// parse gives an event its room and its content. One that cannot be read has none, and asks for nothing.
func parse(e *event.Event, room id.RoomID) {
	e.RoomID = room
	e.Type.Class = event.MessageEventType
	if e.StateKey != nil {
		e.Type.Class = event.StateEventType
	}
	if e.Content.Parsed == nil {
		_ = e.Content.ParseRaw(e.Type) // what is not as the specification has it stays unparsed
	}
}

// room reads what was said in a room since the last time, in its order.
func (r *reader) room(ctx context.Context, room id.RoomID, news *mautrix.SyncJoinedRoom) ([]chat.Request, error) {
	r.learn(ctx, room, news.State.Events, news.Timeline.Events)
	said, err := r.said(ctx, room, news)
	if err != nil {
		return nil, err
	}
	var asked []chat.Request
	for _, e := range said {
		req, ok, err := r.heard(ctx, e)
		if err != nil {
			return nil, err
		}
		if ok {
			asked = append(asked, req)
		}
	}
	return asked, nil
}

// said is what was said in a room while the bot was a member: what was before, when it was not there or had never been
// anywhere, was not said to it.
func (r *reader) said(ctx context.Context, room id.RoomID, news *mautrix.SyncJoinedRoom) ([]*event.Event, error) {
	said := news.Timeline.Events
	if r.since == "" || slices.ContainsFunc(news.State.Events, r.ownJoin) {
		return nil, nil
	}
	if news.Timeline.Limited && !slices.ContainsFunc(said, r.ownJoin) {
		older, err := r.missed(ctx, room, news.Timeline.PrevBatch)
		if err != nil {
			return nil, err
		}
		said = append(older, said...)
	}
	for i, e := range slices.Backward(said) {
		if r.ownJoin(e) {
			return said[i+1:], nil
		}
	}
	return said, nil
}

// ownJoin tells whether the bot came into the room with this event. A new name of the bot is a join too, and no coming.
func (r *reader) ownJoin(e *event.Event) bool {
	if e.Type.Type != event.StateMember.Type || e.GetStateKey() != r.client.UserID.String() || e.Content.Raw["membership"] != "join" {
		return false
	}
	before := e.Unsigned.PrevContent
	return before == nil || before.Raw["membership"] != "join"
}

const (
	missedPages = 5
	missedPage  = 100
)

// missed fetches what a sync left out because it was too much. What is too old to be done is not looked for.
func (r *reader) missed(ctx context.Context, room id.RoomID, from string) ([]*event.Event, error) {
	var older []*event.Event
	for range missedPages {
		page, err := r.client.Messages(ctx, room, from, "", mautrix.DirectionBackward, nil, missedPage)
		if err != nil {
			return nil, fmt.Errorf("fetch what was missed: %w", err)
		}
		older = append(older, page.Chunk...)
		if len(page.Chunk) == 0 || page.End == "" || late(page.Chunk[len(page.Chunk)-1], r.Now()) {
			break
		}
		from = page.End
	}
	slices.Reverse(older)
	for _, e := range older {
		parse(e, room)
	}
	return older, nil
}

// heard is what an event asks for.
func (r *reader) heard(ctx context.Context, e *event.Event) (chat.Request, bool, error) {
	self := me{id: r.client.UserID, name: r.name}
	encrypted, err := r.state.IsEncrypted(ctx, e.RoomID)
	if err != nil {
		return chat.Request{}, false, fmt.Errorf("look up whether the room is encrypted: %w", err)
	}
	if to, ok := self.nodOf(e, r.Now()); ok && !encrypted { // reactions are never encrypted
		return r.nod(ctx, e, to)
	}
	if e.Type == event.EventEncrypted {
		return r.decrypted(ctx, e, r.Now().Add(keyTime))
	}
	req, ok := self.requestOf(e, r.Now())
	if encrypted {
		req.Doubt = cmp.Or(req.Doubt, chat.Unencrypted)
	}
	return req, ok, nil
}
