package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to read what the journal wrote
	"pgregory.net/rapid"

	"rtbot/chat"
	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
	"rtbot/chat/web"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/journal"
	"rtbot/lang"
)

// office is the bot's real commands and router before a Slack of its own, with everything that a command does counted in
// place of being done.
type office struct {
	t       *testing.T
	path    string
	journal *journal.Journal
	router  *handlers.Router
	team    *handlers.Team
	server  *slacktest.Server
	slack   *slack.Slack
	web     *web.Server

	mu      sync.Mutex
	effects int
	keys    int
}

var staff = handlers.People{Known: []handlers.Person{
	{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"slack": "UADMIN", "web": "alice"}},
	{Name: "dave", Role: handlers.Admin, Accounts: map[string]string{"slack": "UDAVE"}},
	{Name: "bob", Role: handlers.Operator, Accounts: map[string]string{"slack": "UOPERATOR"}},
	{Name: "carol", Role: handlers.Viewer, Accounts: map[string]string{"slack": "UVIEWER"}},
	{Name: "gustav", Role: handlers.Admin, Accounts: map[string]string{"slack": "UGUEST"}},
	{Name: "xenia", Role: handlers.Admin, Accounts: map[string]string{"slack": "UEXTERNAL"}},
	{Name: "gone", Role: handlers.Admin, Accounts: map[string]string{"slack": "UDELETED"}},
	{Name: "robot", Role: handlers.Admin, Accounts: map[string]string{"slack": "UBOT2"}},
	{Name: "unseen", Role: handlers.Admin, Accounts: map[string]string{"slack": "UUNSEEN"}},
	{Name: "empty", Role: handlers.Admin},
}}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, path: filepath.Join(t.TempDir(), "rt.db"), team: handlers.NewTeam(staff), server: slacktest.New()}
	for _, u := range []slacktest.User{
		{ID: "UADMIN"},
		{ID: "UDAVE"},
		{ID: "UOPERATOR"},
		{ID: "UVIEWER"},
		{ID: "UNOBODY"},
		{ID: "UGUEST", Restricted: true},
		{ID: "UEXTERNAL", Stranger: true},
		{ID: "UDELETED", Deleted: true},
		{ID: "UBOT2", Bot: true},
	} {
		o.server.AddUser(u)
	}
	listener := httptest.NewServer(o.server)
	t.Cleanup(listener.Close)
	var err error
	if o.journal, err = journal.Open(t.Context(), "sqlite:"+o.path, time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.journal.Close() })
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	o.router = handlers.NewRouter(handlers.Config{
		Commands: o.counted(commandList(change.New(change.Config{}), clients{}, o.team, o.journal, cards.Maker{})), Team: o.team,
		Journal: o.journal, Engine: o, Catalog: catalog, Language: "en", Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Rooms: map[string][]string{slack.Platform: {"C1"}},
	})
	quiet := slog.New(slog.DiscardHandler)
	o.slack = slack.New(slack.Config{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, APIURL: listener.URL + "/api", Now: time.Now, Words: func(...string) func(string) string { return key }}, o.router, quiet)
	words := func(...string) (string, func(string) string) { return "en", key }
	o.web, err = web.New(web.Config{Listen: "127.0.0.1:0", Trust: web.TrustNames, Room: "web", NotFound: journal.ErrNotFound, Now: time.Now}, o.router, words, quiet)
	if err != nil {
		t.Fatal(err)
	}
	o.router.Add(o.slack)
	o.router.Add(o.web)
	o.run(o.router.Run)
	return o
}

// key says the key of a sentence in its place.
func key(k string) string { return k }

// run runs a part until the test ends.
func (o *office) run(part func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.t.Context()))
	done := make(chan error, 1)
	go func() { done <- part(ctx) }()
	o.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Error(err)
		}
	})
}

// counted are the commands, understood and allowed as they are, each of whose effects is counted and not done.
func (o *office) counted(all []handlers.Command) []handlers.Command {
	for i, c := range all {
		parse := c.Parse
		all[i].Parse = func(words []string) (handlers.Action, error) {
			a, err := parse(words)
			if a.Answer != nil {
				a.Answer = func(context.Context, handlers.Ask) (chat.Card, error) {
					o.count()
					return chat.Card{State: chat.Answered}, nil
				}
			}
			return a, err
		}
	}
	return all
}

// Run counts a change in place of carrying it out.
func (o *office) Run(_ context.Context, op string, _ change.Request, show func(change.View)) error {
	o.count()
	show(change.View{Operation: op, Outcome: change.Already})
	return nil
}

func (o *office) count() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.effects++
}

// says lets an account say a line, and returns the answer and how many effects it had.
func (o *office) says(u chat.User, room, line string) (card chat.Card, effects int) {
	o.t.Helper()
	o.mu.Lock()
	before := o.effects
	o.keys++
	number := strconv.Itoa(o.keys)
	o.mu.Unlock()
	r, err := o.router.Receive(o.t.Context(), chat.Request{Key: number, Room: chat.Room{Platform: u.Platform, ID: room}, User: u, Text: line})
	if err != nil {
		o.t.Fatal(err)
	}
	card = o.final(r.Delivery).Card
	o.mu.Lock()
	defer o.mu.Unlock()
	return card, o.effects - before
}

// final waits for the final answer to a delivery.
func (o *office) final(delivery string) chat.Message {
	o.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		m, err := o.router.Message(o.t.Context(), delivery)
		if err != nil {
			o.t.Fatal(err)
		}
		if m.Card.State.Final() {
			return m
		}
		<-tick.C
	}
}

// audited counts the rows of the audit in which an account is refused with a code.
func (o *office) audited(account, code string) (n int) {
	o.t.Helper()
	db, err := sql.Open("sqlite", "file:"+o.path+"?mode=ro")
	if err != nil {
		o.t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(o.t.Context(), `SELECT count(*) FROM audit WHERE actor = $1 AND event = 'refused' AND code = $2`, account, code).Scan(&n)
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

// Every verb and everybody who may come: who may not has no effect, gets no name of anything, and stands in the audit.
func TestEveryVerbAndEverybody(t *testing.T) {
	o := openOffice(t)
	on := func(platform, id, name string) chat.User { return chat.User{Platform: platform, ID: id, Name: name} }
	everybody := []struct {
		name string
		user chat.User
		room string
		role handlers.Role // the most that they may do
		code string        // why they may not do more
	}{
		{"an admin", on("slack", "UADMIN", ""), "C1", handlers.Admin, ""},
		{"an admin in a thread", on("slack", "UADMIN", ""), "C1/17.1", handlers.Admin, ""},
		{"an operator", on("slack", "UOPERATOR", ""), "C1", handlers.Operator, "E_ROLE"},
		{"a viewer", on("slack", "UVIEWER", ""), "C1", handlers.Viewer, "E_ROLE"},
		{"nobody", on("slack", "UNOBODY", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin who is a guest", on("slack", "UGUEST", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin of another company", on("slack", "UEXTERNAL", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin who was deactivated", on("slack", "UDELETED", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin who is a bot", on("slack", "UBOT2", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin of whom Slack says nothing", on("slack", "UUNSEEN", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an empty ID", on("slack", "", "alice"), "C1", handlers.Nobody, "E_ROLE"},
		{"a blank ID", on("slack", " ", "alice"), "C1", handlers.Nobody, "E_ROLE"},
		{"an ID with what nobody sees", on("slack", "UADMIN\u200d", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an ID in other letters", on("slack", "uadmin", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an ID that looks alike", on("slack", "U\u0410DMIN", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin's name", on("slack", "UNOBODY", "alice"), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin's ID as a name", on("slack", "UNOBODY", "UADMIN"), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin's ID of another platform", on("matrix", "UADMIN", ""), "C1", handlers.Nobody, "E_ROLE"},
		{"an admin in another room", on("slack", "UADMIN", ""), "C2", handlers.Nobody, "E_CHANNEL"},
		{"an admin alone with the bot", on("slack", "UADMIN", ""), "D1", handlers.Nobody, "E_CHANNEL"},
	}
	changes := 0
	for _, c := range o.router.Commands {
		if c.Role <= handlers.Nobody {
			t.Errorf("%s has no role", c.Verb)
		}
		for _, who := range everybody {
			account := who.user.Platform + ":" + who.user.ID
			before := 0
			if who.code != "" {
				before = o.audited(account, who.code)
			}
			card, effects := o.says(who.user, who.room, "/rt "+c.Example)
			what := fmt.Sprintf("%s: %s", c.Verb, who.name)
			if who.role >= c.Role {
				if effects != 1 || card.State == chat.Refused {
					t.Errorf("%s: %d effects, and %s %q", what, effects, card.State, card.Title)
				}
				if card.Operation != "" {
					changes++
				}
				continue
			}
			if effects != 0 || card.State != chat.Refused || card.Operation != "" {
				t.Errorf("%s: %d effects, and %s %q", what, effects, card.State, card.Title)
			}
			if n := o.audited(account, who.code) - before; n != 1 {
				t.Errorf("%s: %d rows in the audit, want one", what, n)
			}
			if strings.Contains(fmt.Sprint(card), "gitea") || (who.role == handlers.Nobody && len(card.Buttons) > 0) {
				t.Errorf("%s is told of something: %+v", what, card)
			}
		}
	}
	if ops, err := o.journal.Operations(t.Context(), 1000); err != nil || len(ops) != changes || changes == 0 {
		t.Errorf("there are %d operations, error %v; want the %d of those who may", len(ops), err, changes)
	}
}

// What somebody is called, or in which languages they read, never changes what they may do.
func TestNamesDecideNothing(t *testing.T) {
	o := openOffice(t)
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.SampledFrom([]string{"UADMIN", "UOPERATOR", "UVIEWER", "UNOBODY", "UGUEST", ""}).Draw(r, "id")
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"alice", "UADMIN", "admin", "<!channel>", "slack:UADMIN", "\u202eecila"})).Draw(r, "name")
		plain, _ := o.router.Team.Now().Who(chat.User{Platform: "slack", ID: id})
		named, _ := o.router.Team.Now().Who(chat.User{Platform: "slack", ID: id, Name: name})
		if plain.Role != named.Role || plain.Name != named.Name {
			r.Errorf("%q called %q is %+v, not %+v", id, name, named, plain)
		}
	})
	for i, name := range []string{"alice", "UADMIN", "slack:UADMIN", "\u202eecila", strings.Repeat("\U0001f600", 80), "<!channel>"} {
		if card, effects := o.says(chat.User{Platform: "slack", ID: "UVIEWER", Name: name}, "C1", "/rt scale gitea 2"); effects != 0 || card.State != chat.Refused {
			t.Errorf("name %d: %d effects, and %s", i, effects, card.State)
		}
	}
}

// A role that is withdrawn, or given, counts for the next request.
func TestARoleCountsFromTheNextRequest(t *testing.T) {
	o := openOffice(t)
	bob := chat.User{Platform: "slack", ID: "UOPERATOR"}
	steps := []struct {
		role  handlers.Role
		state chat.State
	}{{handlers.Operator, chat.Already}, {handlers.Viewer, chat.Refused}, {handlers.Nobody, chat.Refused}, {handlers.Operator, chat.Already}}
	for _, s := range steps {
		o.team.Set(handlers.People{Known: []handlers.Person{{Name: "bob", Role: s.role, Accounts: map[string]string{"slack": "UOPERATOR"}}}})
		if card, _ := o.says(bob, "C1", "/rt scale gitea 2"); card.State != s.state {
			t.Errorf("as role %d: got %s %q, want %s", s.role, card.State, card.Title, s.state)
		}
	}
}
