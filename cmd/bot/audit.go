package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rtbot/cmd/bot/config"
	"rtbot/journal"
)

type auditCommand struct {
	Verify verifyCommand `cmd:"" help:"Walk the audit trail from its start and check that no row was changed, removed or moved."`
}

type verifyCommand struct {
	Config string `help:"The bot's configuration." placeholder:"FILE" required:"" type:"path"`
	Head   string `help:"The hash of an earlier head that the trail must contain." placeholder:"HASH"`
}

// Run prints the head of the trail, or the first row that does not hold. It reads beside a running bot.
func (c verifyCommand) Run(ctx context.Context, p program) error {
	conf, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	j, err := journal.Read(ctx, conf.JournalDSN(), time.Now)
	if err != nil {
		return err
	}
	head, err := j.VerifyAudit(ctx, c.Head)
	err = errors.Join(err, j.Close())
	if broken, ok := errors.AsType[*journal.BrokenError](err); ok {
		fmt.Fprintf(p.out, "the audit trail does not hold: row %d: %s\n", broken.Row, broken.Why)
		return errFailed
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "the audit trail holds: %d rows, head %s\n", head.Rows, head.Hash)
	return nil
}
