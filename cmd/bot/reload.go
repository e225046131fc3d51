package main

import (
	"bytes"
	"context"
	"os"
	"time"

	"rtbot/cmd/bot/config"
	"rtbot/handlers"
	"rtbot/handlers/change"
)

// lookEvery is how often the configuration is read again.
const lookEvery = 5 * time.Second

// apply puts what can change while the bot runs in place: the people and the policy.
func (b *bot) apply(conf config.Config) {
	b.team.Set(peopleOf(conf))
	b.meter.Set(handlers.Pace{Requests: conf.Policy.RequestsPerMinute, Changes: conf.Policy.ChangesPerMinute})
	b.policy.Store(&change.Policy{MaxReplicas: conf.Policy.MaxReplicas, Protected: conf.Policy.Protected, Own: []string{"rt-bot"}})
}

// followConfig applies the configuration whenever its file changes. One that is not right is reported and changes nothing;
// what else is in it counts from the next start.
func (b *bot) followConfig(ctx context.Context, path string) {
	known, _ := os.ReadFile(path) // where it cannot be read now, it is new when it can
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		text, err := os.ReadFile(path)
		if err != nil || bytes.Equal(text, known) {
			continue // a file that is being replaced is there again at the next look
		}
		known = text
		conf, err := config.Load(path)
		if err != nil {
			b.log.ErrorContext(ctx, "configuration not taken over", "error", err)
			continue
		}
		b.apply(conf)
		b.log.InfoContext(ctx, "people and policy taken over", "people", len(conf.People))
	}
}
