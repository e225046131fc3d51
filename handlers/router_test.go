package handlers_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rtbot/chat"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// fakeEngine carries every change out at once, or does what it is told.
type fakeEngine struct {
	mu   sync.Mutex
	runs []string
	run  func(ctx context.Context, op string, show func(change.View)) error
}

func (f *fakeEngine) Run(ctx context.Context, op string, req change.Request, show func(change.View)) error {
	f.mu.Lock()
	f.runs = append(f.runs, req.Line(req.App))
	f.mu.Unlock()
	if f.run != nil {
		return f.run(ctx, op, show)
	}
	show(change.View{Operation: op, Outcome: change.Verified, Plan: change.Plan{Field: "replicas", New: "2"}})
	return nil
}

// fakePlatform keeps the newest card of each delivery, and tells when a final one came.
type fakePlatform struct {
	mu    sync.Mutex
	cards map[string]chat.Card
	final chan chat.Card
	vouch error
}

func (f *fakePlatform) Vouch(context.Context, chat.User) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.vouch
}

func (f *fakePlatform) Name() string { return "web" }

func (f *fakePlatform) Show(_ context.Context, m chat.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cards[m.Delivery] = m.Card
	if m.Card.State.Final() {
		f.final <- m.Card
	}
	return errors.New("the room is gone") // what a platform cannot show does not stop the work
}

type bot struct {
	router   *handlers.Router
	platform *fakePlatform
	engine   *fakeEngine
	journal  *journal.Journal
	stop     func()
}

var team = handlers.People{Known: []handlers.Person{
	{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"web": "alice"}},
	{Name: "bob", Role: handlers.Operator, Accounts: map[string]string{"web": "bob"}},
	{Name: "carol", Role: handlers.Viewer, Accounts: map[string]string{"web": "carol"}},
}}

// start makes a bot on a journal and runs it until the test ends or stop is called.
func start(t *testing.T, path string, engine *fakeEngine) *bot {
	t.Helper()
	return startWith(t, path, engine, &fakePlatform{cards: map[string]chat.Card{}, final: make(chan chat.Card, 100)})
}

func startWith(t *testing.T, path string, engine *fakeEngine, platform *fakePlatform, alter ...func(*handlers.Config)) *bot {
	t.Helper()
	j, err := journal.Open(t.Context(), "sqlite:"+path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	link := func(s string) string { return "https://example.org/" + s }
	people := handlers.NewTeam(team)
	verbs := []handlers.Command{handlers.Scale(), handlers.Freeze(j), handlers.Unfreeze(j, people), handlers.Ops(j, cards.Maker{CommitURL: link, ApplicationURL: link}, people)}
	b := &bot{engine: engine, journal: j, platform: platform}
	config := handlers.Config{
		Commands: append([]handlers.Command{handlers.Help(verbs)}, verbs...), Team: people, Journal: j, Engine: engine,
		Catalog: catalog, Cards: cards.Maker{CommitURL: link, ApplicationURL: link}, Language: "en",
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	for _, a := range alter {
		a(&config)
	}
	b.router = handlers.NewRouter(config)
	b.router.Add(b.platform)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.router.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

func fresh(t *testing.T) *bot {
	t.Helper()
	return start(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{})
}

func (b *bot) receive(t *testing.T, key, who, line string, languages ...string) chat.Receipt {
	t.Helper()
	r, err := b.router.Receive(t.Context(), chat.Request{
		Key: key, Room: chat.Room{Platform: "web", ID: "web"}, User: chat.User{Platform: "web", ID: who}, Text: line, Languages: languages,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask says a line and waits for the final card.
func (b *bot) ask(t *testing.T, who, line string, languages ...string) chat.Card {
	t.Helper()
	b.receive(t, strconv.FormatInt(time.Now().UnixNano(), 10), who, line, languages...)
	return <-b.platform.final
}

func TestMain(m *testing.M) {
	// A cache that comes with the types of Argo CD cleans itself for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/patrickmn/go-cache.(*janitor).Run"))
}

func TestWhoMayDoWhat(t *testing.T) {
	tests := map[string]struct {
		who, line string
		want      chat.State
		title     string
	}{
		"an admin scales":             {"alice", "/rt scale gitea 2", chat.Done, ""},
		"an operator scales":          {"bob", "/rt scale gitea 2", chat.Done, ""},
		"a viewer does not":           {"carol", "/rt scale gitea 2", chat.Refused, "Your role only reads. An operator or an admin can ask for this."},
		"a viewer reads":              {"carol", "/rt ops", chat.Answered, "0 operations, newest first"},
		"a stranger gets a no":        {"mallory", "/rt ops", chat.Refused, "I do not know you, so I cannot help here. Ask the team that runs this bot."},
		"a stranger that looks alike": {"alice\u200d", "/rt ops", chat.Refused, "I do not know you, so I cannot help here. Ask the team that runs this bot."},
		"nobody":                      {"", "/rt ops", chat.Refused, "I do not know you, so I cannot help here. Ask the team that runs this bot."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := fresh(t)
			got := b.ask(t, test.who, test.line)
			if got.State != test.want || (test.title != "" && got.Title != test.title) {
				t.Errorf("got %s %q, want %s %q", got.State, got.Title, test.want, test.title)
			}
			if ops, _ := b.journal.Operations(t.Context(), 10); (len(ops) > 0) != (test.want == chat.Done) {
				t.Errorf("got %d operations", len(ops))
			}
		})
	}
}

func TestWhereAndAsWhatOneMayNotAsk(t *testing.T) {
	b := fresh(t)
	b.router.Rooms = map[string][]string{"web": {"web"}}
	tests := []struct {
		name  string
		room  string
		vouch error
		want  string
	}{
		{"in a thread of the right room", "web/17", nil, ""},
		{"in another room", "other", nil, "I am not to be asked here."},
		{"as a guest", "web", chat.ErrOutsider, "Guests and people of other workspaces"},
		{"when nobody can tell who it is", "web", errors.New("timeout"), "I cannot check who you are right now."},
	}
	for i, tt := range tests {
		b.platform.mu.Lock()
		b.platform.vouch = tt.vouch
		b.platform.mu.Unlock()
		_, err := b.router.Receive(t.Context(), chat.Request{
			Key: strconv.Itoa(i), Room: chat.Room{Platform: "web", ID: tt.room}, User: chat.User{Platform: "web", ID: "bob"}, Text: "/rt scale gitea 2",
		})
		if err != nil {
			t.Fatal(err)
		}
		card := <-b.platform.final
		if refused := card.State == chat.Refused; refused != (tt.want != "") || !strings.Contains(card.Title, tt.want) {
			t.Errorf("%s: got %s %q, want %q", tt.name, card.State, card.Title, tt.want)
		}
	}
	if n := len(b.engine.runs); n != 1 {
		t.Errorf("got %d changes, want one", n)
	}
}

func TestARedeliveryIsNotDoneTwice(t *testing.T) {
	b := fresh(t)
	first := b.receive(t, "k", "alice", "/rt scale gitea 2")
	<-b.platform.final
	second := b.receive(t, "k", "alice", "/rt scale gitea 2")
	b.ask(t, "alice", "/rt help") // a later answer: whatever the redelivery did is over
	if !second.Repeat || first.Operation != second.Operation || len(b.engine.runs) != 1 {
		t.Errorf("got %+v and %d runs, want a repeat of %+v and one run", second, len(b.engine.runs), first)
	}
}

func TestWhatWasUnderWayGoesOnAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rt.db")
	hang := &fakeEngine{run: func(ctx context.Context, _ string, show func(change.View)) error {
		show(change.View{})
		<-ctx.Done()
		return ctx.Err()
	}}
	b := start(t, path, hang)
	r := b.receive(t, "k", "alice", "/rt scale gitea 2")
	b.ask(t, "alice", "/rt help")
	b.stop()
	again := start(t, path, &fakeEngine{})
	if got := <-again.platform.final; got.State != chat.Done || got.Operation != r.Operation {
		t.Errorf("got %s of %s, want done of %s", got.State, got.Operation, r.Operation)
	}
	if len(again.engine.runs) != 1 || again.engine.runs[0] != "scale gitea 2" {
		t.Errorf("got runs %q", again.engine.runs)
	}
}

func TestAPanicIsAnswered(t *testing.T) {
	engine := &fakeEngine{run: func(context.Context, string, func(change.View)) error { panic("nobody thought of this") }}
	b := start(t, filepath.Join(t.TempDir(), "rt.db"), engine)
	card := b.ask(t, "alice", "/rt scale gitea 2")
	if card.State != chat.Failed || !strings.Contains(card.Title, "Something went wrong inside the bot. Reference ") {
		t.Errorf("got %s %q", card.State, card.Title)
	}
}

func TestANoIsInTheAuditTrail(t *testing.T) {
	b := fresh(t)
	b.ask(t, "carol", "/rt scale gitea 2")
	b.ask(t, "alice", "/rt scale git* 2")
	head, err := b.journal.VerifyAudit(t.Context(), "")
	if err != nil || head.Rows != 2 {
		t.Errorf("got %d rows, error %v; want 2", head.Rows, err)
	}
}

func TestWhatCannotBeStoredIsNotAccepted(t *testing.T) {
	b := fresh(t)
	b.stop() // the journal is closed
	if _, err := b.router.Receive(t.Context(), chat.Request{Key: "k", User: chat.User{Platform: "web", ID: "alice"}}); err == nil {
		t.Error("a request was accepted that could not be stored")
	}
}

func TestTheAnswerIsInTheAskersLanguage(t *testing.T) {
	b := fresh(t)
	got := b.ask(t, "alice", "/rt sclae gitea 2", "fr-FR", "en")
	want := "La commande « sclae » n'existe pas. Vouliez-vous dire scale ?"
	if got.Title != want || got.Language != "fr" || got.State != chat.Misunderstood {
		t.Errorf("got %s %q (%s), want %q", got.State, got.Title, got.Language, want)
	}
}

func TestHelpNamesOnlyWhatOneMayDo(t *testing.T) {
	b := fresh(t)
	rows := func(c chat.Card) int { return len(c.Table.Rows) }
	if viewer, admin := rows(b.ask(t, "carol", "")), rows(b.ask(t, "alice", "/rt help")); viewer != 2 || admin != 5 {
		t.Errorf("a viewer sees %d commands, an admin %d; want 2 and 5", viewer, admin)
	}
}

func TestAMessageIsAsItWasShown(t *testing.T) {
	b := fresh(t)
	card := b.ask(t, "alice", "/rt scale gitea 2")
	messages, err := b.router.Messages(t.Context(), chat.Room{Platform: "web", ID: "web"}, 10)
	if err != nil || len(messages) != 1 {
		t.Fatalf("got %d messages, error %v", len(messages), err)
	}
	if diff := cmp.Diff(card, messages[0].Card); diff != "" || messages[0].Request.Text != "/rt scale gitea 2" {
		t.Errorf("%q has another card (-want +got):\n%s", messages[0].Request.Text, diff)
	}
	if _, err := b.router.Message(t.Context(), "nothing"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// What goes to the journal and to the platform has no secret in it, whatever verb made the card.
func TestNoCardKeepsASecret(t *testing.T) {
	b := start(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{run: func(_ context.Context, _ string, show func(change.View)) error {
		show(change.View{Outcome: change.Failed, Refused: refusal.New(refusal.Rollout, "failed.replicas", lang.With{"App": "gitea"}).
			Quoting("the webhook said: password=hunter2")})
		return nil
	}})
	card := b.ask(t, "alice", "/rt scale gitea 2")
	if len(card.Quotes) != 1 || card.Quotes[0].Text != "the webhook said: password=[secret]" {
		t.Errorf("got %+v", card.Quotes)
	}
}
