package change_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/gitops/github"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/journal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// What a soak tells the process that answers.
const (
	soakDir    = "RT_SOAK_DIR"
	soakSlack  = "RT_SOAK_SLACK"
	soakGitHub = "RT_SOAK_GITHUB"
)

// TestTheProcessThatIsKilled is no test: it is the bot that a soak starts, and kills.
func TestTheProcessThatIsKilled(t *testing.T) {
	dir := os.Getenv(soakDir)
	if dir == "" {
		t.Skip("the soak starts it")
	}
	ctx, stop := context.WithCancel(t.Context())
	go func() { // the soak has gone where nothing holds the other end
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	j, err := journal.Open(ctx, "sqlite:"+filepath.Join(dir, "rt.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	router := answering(t, dir, j, log)
	s := slack.New(slack.Config{
		AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, APIURL: os.Getenv(soakSlack) + "/api", Now: time.Now,
		Words: func(...string) func(string) string { return func(key string) string { return key } },
	}, router, log)
	router.Add(s)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return router.Run(ctx) })
	all.Go(func() error { return s.Run(ctx) })
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

// answering is the router with the real engine, before the soak's GitHub and an Argo CD and a cluster that do as they are told.
func answering(t *testing.T, dir string, j *journal.Journal, log *slog.Logger) *handlers.Router {
	t.Helper()
	w := &world{t: t, gitDir: filepath.Join(dir, "forge.git"), now: time.Now, journal: j}
	var err error
	w.github, err = github.New(github.Config{
		Repository: "rt/forge", Branch: "main", APIURL: os.Getenv(soakGitHub), Now: time.Now,
		Token: func(context.Context) (string, error) { return "t", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	app := layer()
	app.Resources = nil
	for i := range mostApps {
		app.Resources = append(app.Resources, argocd.Resource{
			Object: gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: fmt.Sprintf("app-%d", i)}, Sync: argocd.Synced,
		})
	}
	app.Revision = w.git("rev-parse", "main") // Argo CD lives on, and knows what it compared
	w.argo = &fakeArgo{world: w, app: app}
	w.cluster = &fakeCluster{rollouts: []k8sops.Rollout{{Generation: 2, Desired: 2, Updated: 2, Ready: 2, Complete: true}}}
	team := handlers.NewTeam(handlers.People{Known: []handlers.Person{
		{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"slack": "U1"}},
	}})
	key, err := j.Key(t.Context(), "operations")
	if err != nil {
		t.Fatal(err)
	}
	engine := change.New(change.Config{
		Repository: w.github, Argo: w.argo, Cluster: w.cluster, Journal: j, Gate: handlers.Gate{Team: team}, Key: key,
		Name: team.NameOf, Now: time.Now, Patience: time.Minute, Policy: func() change.Policy { return change.Policy{MaxReplicas: 9999} },
	})
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	link := func(s string) string { return "https://example.org/" + s }
	verbs := []handlers.Command{handlers.Scale()}
	return handlers.NewRouter(handlers.Config{
		Commands: append([]handlers.Command{handlers.Help(verbs)}, verbs...), Team: team, Journal: j, Engine: engine,
		Catalog: catalog, Cards: cards.Maker{CommitURL: link, ApplicationURL: link}, Language: "en", Log: log, Now: time.Now,
	})
}
