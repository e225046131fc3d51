// Command lab runs a whole small cluster on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"rtbot/lab"
)

// commands are what the program can be asked to do.
type commands struct {
	Break breakIt   `cmd:"" help:"Make one of the ways to fail in a lab that is up, and wait until it shows."`
	Demo  demo      `cmd:"" help:"Start a lab and a bot, and say lines in its web chat."`
	Mend  mendIt    `cmd:"" help:"Undo one of the ways to fail."`
	Up    up        `cmd:"" help:"Start a lab in the foreground; it prints \"ready\" when everything answers."`
	Part  partOfLab `cmd:"" hidden:"" passthrough:"" help:"Run one part of a lab."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run gives the exit code: being asked to stop is no failure.
func run(ctx context.Context, args []string) int {
	parser, err := kong.New(&commands{}, kong.Name("lab"), kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	if err != nil {
		return fail(err)
	}
	command, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err)
	}
	err = command.Run()
	if err == nil || ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return 0
	}
	return fail(err)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "lab:", err)
	return 1
}

// up is the command that starts a lab.
type up struct {
	Dir string `required:"" placeholder:"DIR" help:"Folder for everything that the lab writes: an empty one, or an earlier lab's."`
}

// Run starts the lab and stays until it is asked to stop.
func (u up) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return lab.Up(ctx, lab.Options{
		Dir: u.Dir, Program: program, Path: os.Getenv("PATH"), Out: os.Stdout, Now: time.Now,
	})
}

// partOfLab is the command that the lab starts its own parts with.
type partOfLab struct {
	Command []string `arg:"" help:"The name of the part, and its arguments."`
}

// Run runs the part until it is asked to stop.
func (p partOfLab) Run(ctx context.Context) error { return lab.Serve(ctx, p.Command[0], p.Command[1:]) }
