package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"rtbot/chat/slack"
	"rtbot/cmd/bot/config"
	"rtbot/handlers"
	"rtbot/lang"
)

// slackParts are what the chat in Slack works with; only the log is needed to look at its rights.
type slackParts struct {
	router  *handlers.Router
	catalog *lang.Catalog
	log     *slog.Logger
}

// slackChat makes the chat in Slack.
func slackChat(conf config.Config, getenv func(string) string, parts slackParts) (*slack.Slack, error) {
	c := slack.Config{APIURL: conf.Slack.APIURL, Now: time.Now}
	var err error
	if c.BotToken, err = conf.Read(conf.Slack.BotToken, getenv); err != nil {
		return nil, fmt.Errorf("slack.bot_token: %w", err)
	}
	if conf.Slack.HTTP() {
		c.SigningSecrets, err = signingSecrets(conf, getenv)
	} else if c.AppToken, err = conf.Read(conf.Slack.AppToken, getenv); err != nil {
		err = fmt.Errorf("slack.app_token: %w", err)
	}
	if err != nil {
		return nil, err
	}
	c.Words = func(languages ...string) func(string) string {
		w := parts.catalog.For(append(languages, conf.Language)...)
		return func(key string) string { return w.Say(key, nil) }
	}
	return slack.New(c, parts.router, parts.log), nil
}

// signingSecrets reads the secrets; one that is too short could be guessed, and nothing is served with it.
func signingSecrets(conf config.Config, getenv func(string) string) ([]string, error) {
	var all []string
	for _, s := range conf.Slack.SigningSecrets() {
		secret, err := conf.Read(s, getenv)
		if err != nil {
			return nil, fmt.Errorf("slack.signing_secret: %w", err)
		}
		if len(secret) < slack.MinSecret {
			return nil, fmt.Errorf("slack.signing_secret: %w", slack.ErrSecret)
		}
		all = append(all, secret)
	}
	return all, nil
}

// serveSlack runs the chat in Slack, over HTTP where there is a listener.
func (b *bot) serveSlack(ctx context.Context, l net.Listener) error {
	if l != nil {
		return b.slack.Serve(ctx, l)
	}
	return b.slack.Run(ctx)
}

// withoutScope is what the bot cannot do where it was not given a scope.
var withoutScope = map[string]string{
	"app_mentions:read": "it does not hear mentions, so it cannot be asked in threads",
	"files:write":       "it shows the first lines of a long text and sends no file",
}

// slack looks at the tokens and the scopes.
func (d *diagnosis) slack(ctx context.Context, conf config.Config, getenv func(string) string) {
	if conf.Slack == nil {
		return
	}
	s, err := slackChat(conf, getenv, slackParts{log: slog.New(slog.DiscardHandler)})
	if err != nil {
		d.bad("slack", "%v", err)
		return
	}
	access, err := s.Check(ctx)
	if err != nil {
		d.bad("slack", "%v", err)
		return
	}
	if conf.Slack.HTTP() {
		d.good("slack", "the token is good in %s, and the signing secret is long enough", access.Team)
	} else {
		d.good("slack", "both tokens are good in %s", access.Team)
	}
	d.verdict("slack", "every needed scope is there", "scopes are missing", access.Missing)
	d.verdict("slack", "no scope is too much", "too much is allowed", access.TooMany)
	for _, scope := range access.Without {
		d.good("slack", "works without %s: %s", scope, withoutScope[scope])
	}
}
