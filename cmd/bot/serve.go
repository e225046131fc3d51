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
	ops, err := listen(ctx, conf.Ops.Listen)
	if err != nil {
		return err
	}
	var web net.Listener
	if b.web != nil {
		if web, err = listen(ctx, conf.Web.Listen); err != nil {
			return errors.Join(err, ops.Close())
		}
	}
	b.log.InfoContext(ctx, "serving", "web", conf.Web.Listen, "ops", conf.Ops.Listen)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return b.argo.Run(ctx) })
	all.Go(func() error {
		b.argo.Heard(ctx)
		return b.router.Run(ctx)
	})
	if b.web != nil {
		all.Go(func() error { return b.web.Serve(ctx, web) })
	}
	if b.slack != nil {
		all.Go(func() error { return b.slack.Run(ctx) })
	}
	all.Go(func() error { return b.ops.Serve(ctx, ops) })
	all.Go(func() error {
		b.followConfig(ctx, path)
		return nil
	})
	if err := all.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
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
