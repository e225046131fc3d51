package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"rtbot/chat"
	"rtbot/chat/matrix"
	"rtbot/chat/slack"
	"rtbot/chat/web"
	"rtbot/cmd/bot/config"
	"rtbot/gitops/argocd"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/mask"
	"rtbot/journal"
	"rtbot/lang"
)

// bot is every part that runs.
type bot struct {
	log     *slog.Logger
	journal *journal.Journal
	argo    *argocd.Client
	team    *handlers.Team
	policy  atomic.Pointer[change.Policy]
	meter   *handlers.Meter
	router  *handlers.Router
	web     *web.Server    // nil where it is off
	slack   *slack.Slack   // nil where there is none
	matrix  *matrix.Matrix // nil where there is none
	ops     *opsServer
}

// wire makes every part from the configuration. It calls nobody: the parts do that when they run.
func wire(ctx context.Context, conf config.Config, getenv func(string) string, log *slog.Logger) (*bot, error) {
	masker := &mask.Masker{}
	conf.Seen = func(secret string) { masker.Know(secret) }
	c, err := dial(conf, getenv, log)
	if err != nil {
		return nil, err
	}
	catalog, err := lang.Load()
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(ctx, conf.JournalDSN(), time.Now)
	if err != nil {
		return nil, err
	}
	key, err := j.Key(ctx, "operations")
	if err != nil {
		return nil, err
	}
	b := &bot{log: log, journal: j, argo: c.argo, team: handlers.NewTeam(handlers.People{}), meter: handlers.NewMeter(handlers.Pace{}), ops: newOps(c.argo.Ready)}
	b.apply(conf)
	maker := cards.Maker{
		CommitURL: c.github.CommitURL, ApplicationURL: c.argo.ApplicationURL,
		SecretsURL: c.github.SecretsURL(), SecretName: secretName(conf.Workflow),
	}
	engine := change.New(change.Config{
		Repository: c.github, Argo: c.argo, Cluster: c.cluster, Journal: j,
		Gate: handlers.Gate{Team: b.team, Vouch: b.vouch}, Key: key, Name: b.team.NameOf, Now: time.Now, Patience: time.Hour,
		Lateness: 3 * time.Second,
		Policy:   func() change.Policy { return *b.policy.Load() },
	})
	b.router = handlers.NewRouter(handlers.Config{
		Commands: commandList(engine, c, b.team, j, maker), Team: b.team, Journal: j, Engine: engine, Apps: engine, Catalog: catalog, Cards: maker,
		Mask:     masker,
		Language: conf.Language, Log: log, Now: time.Now, Rooms: rooms(conf), Meter: b.meter,
	})
	return b, b.platforms(ctx, conf, getenv, catalog)
}

// vouch asks the platforms, which are there once everything is wired.
func (b *bot) vouch(ctx context.Context, u chat.User) error { return b.router.Vouch(ctx, u) }

// platforms adds the places where people talk.
func (b *bot) platforms(ctx context.Context, conf config.Config, getenv func(string) string, catalog *lang.Catalog) (err error) {
	if conf.Web.Listen != "" {
		if b.web, err = webChat(conf, b.router, catalog, b.log); err != nil {
			return err
		}
		b.router.Add(b.web)
	}
	if conf.Slack != nil {
		if b.slack, err = slackChat(conf, getenv, slackParts{router: b.router, catalog: catalog, log: b.log}); err != nil {
			return err
		}
		b.router.Add(b.slack)
	}
	if conf.Matrix != nil {
		parts := matrixParts{journal: b.journal, team: b.team, router: b.router, catalog: catalog, log: b.log}
		if b.matrix, err = matrixChat(ctx, conf, getenv, parts); err != nil {
			return err
		}
		b.router.Add(b.matrix)
	}
	return nil
}

// rooms are where the bot is to be asked.
func rooms(conf config.Config) map[string][]string {
	found := map[string][]string{}
	if conf.Slack != nil {
		found[slack.Platform] = conf.Slack.Channels
	}
	if conf.Matrix != nil {
		found[matrix.Platform] = conf.Matrix.Rooms
	}
	return found
}

// commandList is every verb, in the order in which the help shows them.
func commandList(engine *change.Engine, c clients, team *handlers.Team, j *journal.Journal, maker cards.Maker) []handlers.Command {
	verbs := []handlers.Command{
		handlers.Status(engine, c.argo, c.cluster, c.github),
		handlers.Pods(engine, c.cluster, time.Now),
		handlers.Nodes(c.cluster, time.Now),
		handlers.Logs(engine, c.cluster),
		handlers.Describe(engine, c.cluster, time.Now),
		handlers.Why(engine, c.cluster, c.github, maker),
		handlers.Drift(engine, c.argo),
		handlers.History(engine, c.github),
		handlers.Scale(),
		handlers.Resources(),
		handlers.Image(c.hosts, c.cluster),
		handlers.Undo(engine, c.github, j, team),
		handlers.Sync(c.argo),
		handlers.Restart(c.argo, c.cluster),
		handlers.RenewSecrets(c.renews, c.workflow),
		handlers.Ops(j, maker, team),
		handlers.Approve(engine, j),
		handlers.Refuse(engine, j),
		handlers.Cancel(engine, j),
		handlers.Confirm(engine, j),
		handlers.Freeze(j),
		handlers.Unfreeze(j, team),
	}
	return append([]handlers.Command{handlers.Help(verbs)}, verbs...)
}

// peopleOf are the people of the configuration. Where the web chat believes nobody, everybody there is a viewer.
func peopleOf(conf config.Config) handlers.People {
	roles := map[string]handlers.Role{"viewer": handlers.Viewer, "operator": handlers.Operator, "admin": handlers.Admin}
	people := handlers.People{}
	for _, p := range conf.People {
		people.Known = append(people.Known, handlers.Person{Name: p.Name, Role: roles[p.Role], Accounts: p.Accounts()})
	}
	if conf.Web.Trust != string(web.TrustNames) {
		people.Strangers = map[string]handlers.Role{web.Platform: handlers.Viewer}
	}
	return people
}

// webChat makes the web chat. Where it believes names, they are those of the people who have one there.
func webChat(conf config.Config, router *handlers.Router, catalog *lang.Catalog, log *slog.Logger) (*web.Server, error) {
	c := web.Config{
		Listen: conf.Web.Listen, Trust: web.Trust(conf.Web.Trust), Room: "web", NotFound: journal.ErrNotFound, Now: time.Now,
		Examples: []string{"/rt status", "/rt scale gitea 2", "/rt help"},
	}
	for _, p := range conf.People {
		if p.Web != "" {
			c.Names = append(c.Names, p.Web)
		}
	}
	words := func(languages ...string) (string, func(string) string) {
		w := catalog.For(append(languages, conf.Language)...)
		return w.Tag(), func(key string) string { return w.Say(key, nil) }
	}
	return web.New(c, router, words, log)
}
