package homeserver_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/chat"
	"rtbot/lab/homeserver"
)

func TestTalkingToTheBot(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		t.Run("encrypted "+strconv.FormatBool(encrypted), func(t *testing.T) {
			w := newWorld(t, "alice", "bob")
			room := w.room(encrypted, "alice", "bob")
			w.say(room, "alice", "!rt scale jenkins 9") // before the bot is there
			stop := w.start()
			w.invite(room, "alice")
			asked := w.say(room, "bob", "!rt scale jenkins 2")
			req := w.next()
			if req.Text != "!rt scale jenkins 2" || req.User.ID != "@bob:localhost" || req.Key != asked.String() ||
				(req.Doubt == chat.Unverified) != encrypted {
				t.Fatalf("got %+v", req)
			}
			w.show(req, "d1", chat.Card{State: chat.Working, Title: "jenkins: going"})
			w.reads("bob", asked, "jenkins: going")
			stop()
			late := w.say(room, "bob", "!rt help") // while the bot is down
			w.start()
			if req := w.next(); req.Key != late.String() {
				t.Fatalf("got %+v", req)
			}
			w.show(req, "d1", chat.Card{State: chat.Done, Title: "jenkins: done"})
			if m := w.reads("bob", asked, "jenkins: done"); len(m.Versions) != 2 {
				t.Errorf("got %d versions, want one message that was edited", len(m.Versions))
			}
		})
	}
}

// show hands the next version of an answer over.
func (w *world) show(req chat.Request, delivery string, c chat.Card) {
	w.t.Helper()
	if err := w.chat.Show(w.t.Context(), w.desk.answer(req, delivery, c)); err != nil {
		w.t.Fatal(err)
	}
}

func TestADeviceThatItsOwnerVerified(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(true, "alice")
	w.start()
	w.invite(room, "alice")
	w.say(room, "alice", "!rt approve k7f3q2mz")
	if req := w.next(); req.Doubt != chat.Unverified {
		t.Errorf("got the doubt %q before, want unverified", req.Doubt)
	}
	if err := w.people["alice"].Verify(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	w.say(room, "alice", "!rt approve k7f3q2mz")
	if req := w.next(); req.Doubt != "" {
		t.Errorf("got the doubt %q after, want none", req.Doubt)
	}
}

// What cannot be decrypted is said to be so, once the key has had its time, and a restart in between forgets nothing.
func TestAMessageThatCannotBeDecrypted(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(true, "alice")
	stop := w.start()
	w.invite(room, "alice")
	w.say(room, "alice", "!rt help")
	w.next()
	content := map[string]any{
		"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": strings.Repeat("A", 100), "session_id": strings.Repeat("B", 43),
		"sender_key": strings.Repeat("C", 43), "device_id": "LOST",
	}
	sent, err := w.people["alice"].SendMessageEvent(t.Context(), room, event.EventEncrypted, content)
	if err != nil {
		t.Fatal(err)
	}
	w.say(room, "alice", "!rt status") // is not kept back by the other
	if req := w.next(); req.Text != "!rt status" {
		t.Fatalf("got %+v", req)
	}
	stop()
	w.start()
	req := w.next()
	if req.Doubt != chat.Unreadable || req.Key != sent.EventID.String() || req.Text != "" {
		t.Errorf("got %+v, want what stands for the unreadable message", req)
	}
}

func TestALineInTheClearWhereOthersEncrypt(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(true, "alice")
	w.start()
	w.invite(room, "alice")
	content := &event.MessageEventContent{MsgType: event.MsgText, Body: "!rt scale jenkins 0"}
	if _, err := w.people["alice"].SendMessageEvent(t.Context(), room, event.EventMessage, content, mautrix.ReqSendEvent{DontEncrypt: true}); err != nil {
		t.Fatal(err)
	}
	if req := w.next(); req.Doubt != chat.Unencrypted {
		t.Errorf("got the doubt %q, want unencrypted", req.Doubt)
	}
}

// The bot goes where the team is, and nowhere else.
func TestInvitations(t *testing.T) {
	w := newWorld(t, "alice", "mallory")
	theirs, ours := w.room(false, "mallory"), w.room(false, "alice")
	w.rooms = []string{w.room(false, "mallory").String()}
	w.start()
	if _, err := w.people["mallory"].InviteUser(t.Context(), theirs, &mautrix.ReqInviteUser{UserID: "@rt:localhost"}); err != nil {
		t.Fatal(err)
	}
	w.invite(ours, "alice")                    // of somebody who is known
	w.invite(id.RoomID(w.rooms[0]), "mallory") // to a room of the configuration
	deadline := time.Now().Add(10 * time.Second)
	for w.people["mallory"].StateStore.IsInvited(t.Context(), theirs, "@rt:localhost") {
		if time.Now().After(deadline) {
			t.Fatal("a stranger's invitation is still open")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if w.people["mallory"].StateStore.IsInRoom(t.Context(), theirs, "@rt:localhost") {
		t.Error("the bot went to a stranger's room")
	}
}

func TestAPrivateAnswerAndALongOne(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		t.Run("encrypted "+strconv.FormatBool(encrypted), func(t *testing.T) {
			w := newWorld(t, "alice", "bob")
			room := w.room(encrypted, "alice", "bob")
			w.start()
			w.invite(room, "alice")
			asked := w.say(room, "bob", "!rt access jenkins")
			w.show(w.next(), "d1", chat.Card{State: chat.Answered, Title: "for your eyes only", Private: true})
			w.reads("bob", asked, "matrix.private")
			w.heard("bob", "for your eyes only")
			if found := w.people["alice"].Heard("for your eyes only"); len(found) > 0 {
				t.Errorf("alice reads %+v", found)
			}
			asked = w.say(room, "bob", "!rt logs jenkins")
			long := strings.Repeat("a line of a log\n", 5000)
			w.show(w.next(), "d2", chat.Card{State: chat.Answered, Title: "the log", Quotes: []chat.Quote{{Label: "log", Text: long, File: "jenkins.log"}}})
			w.heard("bob", "the log")
			file := w.heard("bob", "jenkins.log")
			got, err := w.people["bob"].Download(t.Context(), file)
			if err != nil || string(got) != long {
				t.Errorf("got a file of %d bytes, error %v; want %d", len(got), err, len(long))
			}
			if file.Thread != asked {
				t.Errorf("the file stands in the thread %q, want %q", file.Thread, asked)
			}
		})
	}
}

// heard waits until somebody's client shows one message with that text.
func (w *world) heard(who, text string) homeserver.Message {
	w.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if found := w.people[who].Heard(text); len(found) == 1 {
			return found[0]
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s reads no %q", who, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// A homeserver that says "slower" is obeyed, one that fails is asked again, and the last card is shown once.
func TestAHomeserverThatIsBusy(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(false, "alice")
	target, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var refused atomic.Int32
	through := httputil.NewSingleHostReverseProxy(target)
	through.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	busy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/send/") {
			through.ServeHTTP(rw, r)
			return
		}
		switch refused.Add(1) {
		case 1, 4:
			rw.WriteHeader(http.StatusTooManyRequests)
			_, _ = rw.Write([]byte(`{"errcode": "M_LIMIT_EXCEEDED", "error": "slower", "retry_after_ms": 300}`))
		case 2:
			rw.WriteHeader(http.StatusBadGateway)
		case 3: // it is done, and its answer is lost
			through.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			through.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(busy.Close)
	w.api = busy.URL
	w.start()
	w.invite(room, "alice")
	asked := w.say(room, "alice", "!rt scale jenkins 2")
	req := w.next()
	w.show(req, "d1", chat.Card{State: chat.Working, Title: "jenkins: going"})
	w.show(req, "d1", chat.Card{State: chat.Done, Title: "jenkins: done"})
	for deadline := time.Now().Add(10 * time.Second); refused.Load() < 5; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d tries, want all faults", refused.Load())
		}
	}
	w.reads("alice", asked, "jenkins: done")
}

// A homeserver that signs the device out is signed in to again, and encrypted rooms still work.
func TestADeviceThatIsSignedOut(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(true, "alice")
	w.start()
	w.invite(room, "alice")
	w.say(room, "alice", "!rt help")
	w.next()
	owner := w.signIn("rt")
	if _, err := owner.LogoutAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := w.say(room, "alice", "!rt status")
	req := w.next()
	if req.Key != asked.String() {
		t.Fatalf("got %+v", req)
	}
	w.show(req, "d1", chat.Card{State: chat.Done, Title: "here again"})
	w.reads("alice", asked, "here again")
}

// More than one answer of the homeserver holds was said while the bot was down.
func TestALotWasSaidWhileTheBotWasDown(t *testing.T) {
	w := newWorld(t, "alice")
	room := w.room(false, "alice")
	stop := w.start()
	w.invite(room, "alice")
	w.say(room, "alice", "!rt help")
	w.next()
	stop()
	first := w.say(room, "alice", "!rt status")
	for n := range 150 {
		w.say(room, "alice", "talk "+strconv.Itoa(n))
	}
	w.start()
	if req := w.next(); req.Key != first.String() {
		t.Errorf("got %+v, want what was said first", req)
	}
}

// What makes the program panic is passed over after some tries: the bot does not hang on it, and does not end.
func TestAnEventThatMakesTheBotPanic(t *testing.T) {
	w := newWorld(t, "alice", "mallory")
	room, theirs := w.room(false, "alice"), w.room(false, "mallory")
	w.fatal = "@mallory:localhost"
	w.start()
	w.invite(room, "alice")
	w.say(room, "alice", "!rt help")
	w.next()
	if _, err := w.people["mallory"].InviteUser(t.Context(), theirs, &mautrix.ReqInviteUser{UserID: "@rt:localhost"}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		w.say(room, "alice", "!rt status") // what comes in the same answer of the homeserver is passed over with it
		select {
		case req := <-w.desk.arrived:
			w.show(req, "d1", chat.Card{State: chat.Done, Title: "still here"})
			w.reads("alice", id.EventID(req.Key), "still here")
			return
		case <-time.After(2 * time.Second):
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was heard any more")
		}
	}
}
