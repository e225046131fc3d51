package handlers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
	"rtbot/handlers"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/journal"
	"rtbot/lang"
)

// idleEngine has every change done at once: what is measured ends before it begins.
type idleEngine struct{}

func (idleEngine) Run(_ context.Context, op string, _ change.Request, show func(change.View)) error {
	show(change.View{Operation: op, Outcome: change.Verified})
	return nil
}

// BenchmarkAcknowledge measures how long Slack waits for the acknowledgement of a command that asks for a change, at 50
// commands a second, with the real journal on disk and the real router: medians and the 99th percentile, in milliseconds.
func BenchmarkAcknowledge(b *testing.B) {
	const aSecond, commands = 50, 500
	server := benched(b)
	for b.Loop() {
		took := make([]time.Duration, commands)
		var all sync.WaitGroup
		tick := time.NewTicker(time.Second / aSecond)
		for i := range commands {
			<-tick.C
			say := server.Command("U1", "C1", fmt.Sprintf("scale gitea %d", i%10))
			all.Go(func() {
				began := time.Now()
				if err := server.Deliver(b.Context(), say); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(began)
			})
		}
		tick.Stop()
		all.Wait()
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[commands/2]), "p50-ms")
		b.ReportMetric(milliseconds(took[commands*99/100]), "p99-ms")
		b.ReportMetric(milliseconds(took[commands-1]), "max-ms")
	}
}

func noWords(...string) func(string) string { return func(key string) string { return key } }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// benched runs the chat before a workspace, until the benchmark ends.
func benched(b *testing.B) *slacktest.Server {
	b.Helper()
	server := slacktest.New()
	server.AddUser(slacktest.User{ID: "U1", Name: "alice", Locale: "en-US"})
	server.AddChannel("C1")
	listener := httptest.NewServer(server)
	b.Cleanup(listener.Close)
	j, err := journal.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "rt.db"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	catalog, err := lang.Load()
	if err != nil {
		b.Fatal(err)
	}
	people := handlers.People{Known: []handlers.Person{{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"slack": "U1"}}}}
	link := func(s string) string { return "https://example.org/" + s }
	log := slog.New(slog.DiscardHandler)
	router := handlers.NewRouter(handlers.Config{
		Commands: []handlers.Command{handlers.Scale()}, Team: handlers.NewTeam(people), Journal: j, Engine: idleEngine{}, Catalog: catalog,
		Cards: cards.Maker{CommitURL: link, ApplicationURL: link}, Language: "en", Log: log, Now: time.Now,
	})
	s := slack.New(slack.Config{AppToken: slacktest.AppToken, BotToken: slacktest.BotToken, APIURL: listener.URL + "/api", Words: noWords, Now: time.Now}, router, log)
	router.Add(s)
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = router.Run(ctx) }) // it ends with the benchmark
	running.Go(func() { _ = s.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		if err := j.Close(); err != nil {
			b.Error(err)
		}
	})
	for server.Connections() < 2 {
		time.Sleep(time.Millisecond)
	}
	return server
}
