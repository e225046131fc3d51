package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/klog/v2"

	"rtbot/cmd/bot/config"
)

type serveCommand struct {
	Config string `help:"The configuration." placeholder:"FILE" required:"" type:"path"`
}

// Run serves until ctx ends, then stops within seconds: what is under way is in the journal and goes on at the next start.
func (c serveCommand) Run(ctx context.Context, p program) error {
	conf, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	klog.SetSlogLogger(log) // client-go's own log would else stand between the lines of ours
	b, err := wire(ctx, conf, p.getenv, log)
	if err != nil {
		return err
	}
	return errors.Join(b.serve(ctx, conf, c.Config), b.journal.Close())
}

// serve runs all parts, each with an owner that waits for it: the first that fails stops the others.
func (b *bot) serve(ctx context.Context, conf config.Config, path string) error {
	doors, err := b.open(ctx, conf)
	if err != nil {
		return err
	}
	b.log.InfoContext(ctx, "serving", "web", conf.Web.Listen, "ops", conf.Ops.Listen)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return b.argo.Run(ctx) })
	all.Go(func() error {
		b.argo.Heard(ctx)
		return b.router.Run(ctx)
	})
	if b.web != nil {
		all.Go(func() error { return b.web.Serve(ctx, doors.web) })
	}
	if b.slack != nil {
		all.Go(func() error { return b.serveSlack(ctx, doors.slack) })
	}
	if b.matrix != nil {
		all.Go(func() error { return b.matrix.Run(ctx) })
	}
	all.Go(func() error { return b.ops.Serve(ctx, doors.ops) })
	all.Go(func() error {
		b.followConfig(ctx, path)
		return nil
	})
	if err := all.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// doors are where the bot is reached; nil where a part is off.
type doors struct{ ops, web, slack net.Listener }

// open opens all of them, or none.
func (b *bot) open(ctx context.Context, conf config.Config) (doors, error) {
	var all doors
	var opened []net.Listener
	add := func(to *net.Listener, address string) error {
		l, err := listen(ctx, address)
		if err == nil {
			*to, opened = l, append(opened, l)
		}
		return err
	}
	err := add(&all.ops, conf.Ops.Listen)
	if err == nil && b.web != nil {
		err = add(&all.web, conf.Web.Listen)
	}
	if err == nil && b.slack != nil && conf.Slack.HTTP() {
		err = add(&all.slack, conf.Slack.Listen)
	}
	if err == nil {
		return all, nil
	}
	for _, l := range opened {
		err = errors.Join(err, l.Close())
	}
	return doors{}, err
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
