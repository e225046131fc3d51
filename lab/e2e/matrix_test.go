//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"rtbot/lab/homeserver"
)

// table is a Matrix homeserver with the team in a room, and a bot that talks there.
type table struct {
	t      *testing.T
	server *homeserver.Server
	people map[string]*homeserver.Person
	room   id.RoomID
	bot    *bot
}

// matrixPassword is everybody's.
const matrixPassword = "correct horse battery staple"

// kind is whether a room is encrypted.
type kind string

const (
	plain     kind = "plain"
	encrypted kind = "encrypted"
)

// sitDown starts a homeserver and a bot, and gathers everybody in one room.
func sitDown(t *testing.T, k kind) *table {
	t.Helper()
	w := &table{t: t, people: map[string]*homeserver.Person{}}
	var err error
	if w.server, err = homeserver.Start(t.Context(), binary("dendrite"), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.server.Stop() })
	for _, name := range []string{"rt", "alice", "bob", "carol", "dave", "mallory"} {
		if err := w.server.Register(t.Context(), name, matrixPassword); err != nil {
			t.Fatal(err)
		}
		if name != "rt" {
			w.people[name] = w.signIn(name)
		}
	}
	w.room, err = w.people["alice"].Room(t.Context(), k == encrypted, w.people["bob"], w.people["carol"], w.people["dave"], w.people["mallory"])
	if err != nil {
		t.Fatal(err)
	}
	w.configure()
	w.bot = serveWith(t, "rt-matrix.yaml")
	if err := w.people["alice"].InviteBot(t.Context(), w.room, "@rt:localhost"); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.people {
		if err := p.Sees(t.Context(), w.room, "@rt:localhost"); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// signIn gives somebody a new device.
func (w *table) signIn(name string) *homeserver.Person {
	w.t.Helper()
	p, err := w.server.SignIn(w.t.Context(), name, matrixPassword, filepath.Join(w.t.TempDir(), "keys.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Leave)
	return p
}

// configure writes a configuration of the lab's bot that talks there too, with a journal of its own.
func (w *table) configure() {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(labDir, "rt.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	config := strings.Replace(string(text), "sqlite:rt.db", "sqlite:"+filepath.Join(w.t.TempDir(), "rt.db"), 1)
	config += fmt.Sprintf("matrix: {homeserver: %q, user: \"@rt:localhost\", password: {file: bot/matrix-password}, rooms: [%q]}\n", w.server.URL, w.room)
	for name := range w.people {
		config = strings.Replace(config, "web: "+name+"}", "web: "+name+", matrix: \"@"+name+":localhost\"}", 1)
	}
	for file, text := range map[string]string{"rt-matrix.yaml": config, "bot/matrix-password": matrixPassword} {
		if err := os.WriteFile(filepath.Join(labDir, file), []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// ask says a line, and returns its event: the answer's thread.
func (w *table) ask(who, line string) id.EventID {
	w.t.Helper()
	asked, err := w.people[who].Say(w.t.Context(), w.room, line)
	if err != nil {
		w.t.Fatal(err)
	}
	return asked
}

// reads waits until the only message in a thread has these texts in it, and returns it.
func (w *table) reads(thread id.EventID, parts ...string) homeserver.Message {
	w.t.Helper()
	var m homeserver.Message
	eventually(w.t, 40*time.Second, strings.Join(parts, ", "), func() error {
		all := w.people["alice"].Thread(thread)
		if len(all) == 0 {
			return errorf("no answer")
		}
		m = all[0]
		for _, part := range parts {
			if !strings.Contains(m.Now().Body, part) {
				return errorf("it reads:\n%s", m.Now().Body)
			}
		}
		return nil
	})
	return m
}

// says waits until somebody's message in a thread says that, beside others.
func (w *table) says(thread id.EventID, part string) {
	w.t.Helper()
	eventually(w.t, 40*time.Second, part, func() error {
		all := w.people["alice"].Thread(thread)
		for _, m := range all {
			if strings.Contains(m.Now().Body, part) {
				return nil
			}
		}
		return errorf("it reads:\n%+v", all)
	})
}

// operation is the operation that a card which waits tells of.
func operation(t *testing.T, m homeserver.Message) string {
	t.Helper()
	_, after, ok := strings.Cut(m.Now().Body, "!rt approve ")
	if !ok {
		t.Fatalf("no way to approve in:\n%s", m.Now().Body)
	}
	return strings.Fields(after)[0]
}

func TestAScaleInMatrix(t *testing.T) {
	for _, k := range []kind{plain, encrypted} {
		t.Run(string(k), func(t *testing.T) {
			w := sitDown(t, k)
			must(t, 0, "/rt scale jenkins 1")
			before := head(t)
			asked := w.ask("bob", "!rt scale jenkins 2")
			m := w.reads(asked, "jenkins: replicas is now 2, and 2 of 2 pods are ready.", "✓ verified")
			if n, _ := commits(t, before); n != 1 || len(m.Versions) < 2 || len(w.people["alice"].Thread(asked)) != 1 {
				t.Errorf("got %d commits and %d messages, the first with %d versions; want one, and one that was edited", n, len(w.people["alice"].Thread(asked)), len(m.Versions))
			}
			wants(t, git(t, "log", "-1", "--format=%B"), "Requested-by: bob (matrix:@bob:localhost)")
			w.reads(w.ask("bob", "rt: scale jenkins 2"), "jenkins: replicas is already 2.")
			w.reads(w.ask("bob", "!rt sclae jenkins 2"), "Did you mean scale?", "!rt")
			w.reads(w.ask("carol", "!rt scale jenkins 3"), "Your role only reads.")
			w.reads(w.ask("mallory", "!rt scale jenkins 3"), "I do not know you")
			if n, _ := commits(t, before); n != 1 {
				t.Errorf("got %d commits, want one", n)
			}
			wants(t, must(t, 0, "/rt scale jenkins 1"), "jenkins: replicas is now 1")
		})
	}
}

func TestAnApprovalInMatrixByReaction(t *testing.T) {
	w := sitDown(t, plain)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	asked := w.ask("bob", "!rt scale jenkins 0")
	m := w.reads(asked, "needs an approval", "no pod of Deployment/jenkins is left")
	if err := w.people["carol"].React(t.Context(), w.room, m.ID, "👍"); err != nil {
		t.Fatal(err)
	}
	w.says(asked, "Only an admin can do this.")
	if err := w.people["dave"].React(t.Context(), w.room, asked, "✅"); err != nil { // on what bob said: it agrees to nothing
		t.Fatal(err)
	}
	if n, _ := commits(t, before); n != 0 {
		t.Fatalf("got %d commits before the approval", n)
	}
	if err := w.people["dave"].React(t.Context(), w.room, m.ID, "✅"); err != nil {
		t.Fatal(err)
	}
	w.reads(asked, "jenkins: replicas is now 0")
	must(t, 0, "/rt scale jenkins 1")
}

func TestAnApprovalInMatrixFromAVerifiedDevice(t *testing.T) {
	w := sitDown(t, encrypted)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	asked := w.ask("bob", "!rt scale jenkins 0")
	m := w.reads(asked, "needs an approval")
	if err := w.people["dave"].React(t.Context(), w.room, m.ID, "✅"); err != nil { // the server could have made it up
		t.Fatal(err)
	}
	w.reads(w.ask("dave", "!rt approve "+operation(t, m)), "This needs a device that you have verified.")
	if n, _ := commits(t, before); n != 0 {
		t.Fatalf("got %d commits before the approval", n)
	}
	if err := w.people["dave"].Verify(t.Context(), matrixPassword); err != nil {
		t.Fatal(err)
	}
	w.ask("dave", "!rt approve "+operation(t, m))
	w.reads(asked, "jenkins: replicas is now 0")
	must(t, 0, "/rt scale jenkins 1")
}

func TestAnApprovalInMatrixIsVoidWhenTheFileChanged(t *testing.T) {
	w := sitDown(t, plain)
	must(t, 0, "/rt scale jenkins 1")
	asked := w.ask("bob", "!rt scale jenkins 0")
	m := w.reads(asked, "needs an approval")
	push(t, func(dir string) {
		replaceInJenkins(t, dir, "replicas: 1", "replicas: 1 # one is enough")
	})
	before := head(t)
	if err := w.people["dave"].React(t.Context(), w.room, m.ID, "👍"); err != nil {
		t.Fatal(err)
	}
	w.reads(asked, "the approval is void", "Nothing was changed.")
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
	push(t, func(dir string) { replaceInJenkins(t, dir, " # one is enough", "") })
}

// A bot that is killed in the middle goes on with the same message, with the same device in an encrypted room.
func TestAKilledBotGoesOnInMatrix(t *testing.T) {
	for _, k := range []kind{plain, encrypted} {
		t.Run(string(k), func(t *testing.T) {
			w := sitDown(t, k)
			must(t, 0, "/rt scale jenkins 1")
			before := head(t)
			fault(t, map[string]any{"kind": "slow", "wait": int64(5 * time.Second), "times": 1})
			asked := w.ask("bob", "!rt scale jenkins 3")
			w.reads(asked, "✓ planned")
			w.bot.stop(syscall.SIGKILL)
			w.bot.start()
			w.reads(asked, "jenkins: replicas is now 3, and 3 of 3 pods are ready.")
			if n, _ := commits(t, before); n != 1 || len(w.people["alice"].Thread(asked)) != 1 {
				t.Errorf("got %d commits and %d messages, want one of each", n, len(w.people["alice"].Thread(asked)))
			}
			must(t, 0, "/rt scale jenkins 1")
		})
	}
}

// What was said while the bot was down is done once when it is back; what was edited into a command, quoted or said by a
// program is not, and neither is what was said before the bot came.
func TestWhatWasSaidWhileTheBotWasDown(t *testing.T) {
	w := sitDown(t, plain)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	w.bot.stop(syscall.SIGTERM)
	asked := w.ask("bob", "!rt scale jenkins 2")
	harmless := w.ask("bob", "status of jenkins?")
	for _, content := range []*event.MessageEventContent{
		{MsgType: event.MsgText, Body: "* !rt scale jenkins 4", NewContent: &event.MessageEventContent{MsgType: event.MsgText, Body: "!rt scale jenkins 4"}, RelatesTo: &event.RelatesTo{Type: event.RelReplace, EventID: harmless}},
		{MsgType: event.MsgText, Body: "> <@alice:localhost> !rt scale jenkins 5\n\nno", RelatesTo: &event.RelatesTo{InReplyTo: &event.InReplyTo{EventID: asked}}},
		{MsgType: event.MsgNotice, Body: "!rt scale jenkins 6"},
	} {
		if _, err := w.people["bob"].Send(t.Context(), w.room, content); err != nil {
			t.Fatal(err)
		}
	}
	w.bot.start()
	w.reads(asked, "jenkins: replicas is now 2, and 2 of 2 pods are ready.")
	w.bot.stop(syscall.SIGKILL)
	w.bot.start()
	w.reads(w.ask("bob", "!rt status jenkins"), "2 of 2")
	if n, _ := commits(t, before); n != 1 || len(w.people["alice"].Thread(asked)) != 1 {
		t.Errorf("got %d commits and %d messages, want one of each", n, len(w.people["alice"].Thread(asked)))
	}
	must(t, 0, "/rt scale jenkins 1")
}

func TestTheDoctorLooksAtMatrix(t *testing.T) {
	w := sitDown(t, encrypted)
	look := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary("bot"), "doctor", "--config", w.bot.config).CombinedOutput()
		return string(out), err
	}
	out, err := look()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	wants(t, out, "the password is good for @rt:localhost", "1 encrypted rooms", "no power level is too much")
	levels := &event.PowerLevelsEventContent{Users: map[id.UserID]int{"@alice:localhost": 100, "@rt:localhost": 50}}
	if _, err := w.people["alice"].SendStateEvent(t.Context(), w.room, event.StatePowerLevels, "", levels); err != nil {
		t.Fatal(err)
	}
	out, err = look()
	if err == nil {
		t.Error("a bot that may moderate is no trouble, want some")
	}
	wants(t, out, "power level 50, where 0 is enough")
}
