package main

import (
	"context"
	"errors"
	"os"

	"rtbot/lab"
)

// demo is the command behind `make demo`.
type demo struct {
	Bot string `required:"" placeholder:"FILE" type:"path" help:"The bot's program."`
	Say string `placeholder:"LINE" help:"A line to say, or several parted by '; /rt'; without it there is a prompt."`
}

// Run starts a lab and a bot, and stops both at the end.
func (d demo) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	err = lab.Demo(ctx, lab.DemoOptions{
		Program: program, Bot: d.Bot, Say: d.Say, Environ: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
	})
	if ctx.Err() != nil && d.Say == "" && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
