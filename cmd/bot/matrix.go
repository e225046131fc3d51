package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"rtbot/chat"
	"rtbot/chat/matrix"
	"rtbot/cmd/bot/config"
	"rtbot/handlers"
	"rtbot/journal"
	"rtbot/lang"
)

// matrixParts are what the chat in Matrix works with, beside its configuration.
type matrixParts struct {
	journal *journal.Journal
	team    *handlers.Team
	router  *handlers.Router
	catalog *lang.Catalog
	log     *slog.Logger
}

// matrixChat makes the chat in Matrix. The keys of encrypted rooms are kept in the journal's database.
func matrixChat(ctx context.Context, conf config.Config, getenv func(string) string, p matrixParts) (*matrix.Matrix, error) {
	key, err := p.journal.Key(ctx, "matrix")
	if err != nil {
		return nil, err
	}
	c := matrixAccount(conf, getenv)
	c.Database, c.Key, c.Notes = p.journal.DB(), key, p.journal
	c.Known = func(account string) bool {
		_, err := p.team.Now().Who(chat.User{Platform: matrix.Platform, ID: account})
		return err == nil
	}
	c.Say = func(key string) string { return p.catalog.For(conf.Language).Say(key, nil) }
	return matrix.New(c, p.router, p.log), nil
}

// matrixAccount is the account alone: enough to look around with it.
func matrixAccount(conf config.Config, getenv func(string) string) matrix.Config {
	return matrix.Config{
		Homeserver: conf.Matrix.Homeserver, User: conf.Matrix.User, Rooms: conf.Matrix.Rooms, Language: conf.Language, Now: time.Now,
		Password: func() (string, error) { return conf.Read(conf.Matrix.Password, getenv) },
	}
}

func (d *diagnosis) matrix(ctx context.Context, conf config.Config, getenv func(string) string) {
	if conf.Matrix == nil {
		return
	}
	access, err := matrix.New(matrixAccount(conf, getenv), nil, slog.New(slog.DiscardHandler)).Check(ctx)
	if err != nil {
		d.bad("matrix", "%v", err)
		return
	}
	d.good("matrix", "the password is good for %s", conf.Matrix.User)
	d.verdict("matrix", fmt.Sprintf("the bot is in %d encrypted rooms and %d that are not", len(access.Encrypted), len(access.Plain)),
		"the bot is not in rooms of the configuration, where somebody has to invite it", access.Absent)
	for _, room := range access.Plain {
		d.good("matrix", "%s is not encrypted: its server could make up what people say", room)
	}
	d.verdict("matrix", "no power level is too much", "too much is allowed", access.TooMany)
}
