// Command bot is the rt bot: it serves the chat, says a line in it, and checks what it depends on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], program{getenv: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}

// program is what the commands may use of the process that they run in.
type program struct {
	getenv func(string) string
	in     io.Reader
	out    io.Writer
	err    io.Writer
}

// exit is an error whose words are said already: only the status is left to give.
type exit int

// Error gives the status.
func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// The statuses of the contract: 0 is done, answered, or already so.
const (
	errFailed  exit = 1 // failed, or the bot went away
	errRefused exit = 2 // not understood, refused, or waiting for somebody
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the bot."`
	Say     sayCommand     `cmd:"" help:"Say a line in the web chat of a running bot and print the final card."`
	Doctor  doctorCommand  `cmd:"" help:"Check every dependency and every right, a line each."`
	Why     whyCommand     `cmd:"" help:"Explain a pod from files, without a cluster."`
	Audit   auditCommand   `cmd:"" help:"Check the audit trail."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run is the whole program but for the process: it returns the status to exit with.
func run(ctx context.Context, args []string, p program) int {
	var c commands
	done := -1 // set where kong has printed the help and wants to leave
	parser, err := kong.New(&c, kong.Name("bot"), kong.UsageOnError(), kong.Writers(p.out, p.err),
		kong.Description("A chat bot for a team that runs a Kubernetes cluster by GitOps."),
		kong.Vars{"url": defaultURL(p.getenv)}, kong.Exit(func(code int) { done = code }))
	if err != nil {
		fmt.Fprintln(p.err, "bot:", err)
		return int(errFailed)
	}
	parsed, err := parser.Parse(args)
	if done >= 0 {
		return done
	}
	if err != nil {
		fmt.Fprintln(p.err, "bot:", err)
		return int(errRefused)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(p)
	return status(parsed.Run(), p.err)
}

func status(err error, out io.Writer) int {
	var said exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &said):
		return int(said)
	}
	fmt.Fprintln(out, "bot:", err)
	return int(errFailed)
}

type versionCommand struct{}

// version is stamped by the build; without it the build's own information says which commit it is.
var version = ""

// Run prints the version.
func (versionCommand) Run(p program) error {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	_, err := fmt.Fprintln(p.out, "rt bot", v)
	return err
}
