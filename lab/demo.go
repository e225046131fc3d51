package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DemoOptions say what a demonstration is made of.
type DemoOptions struct {
	// Program is this program, and Bot the bot's.
	Program string
	Bot     string
	// Say are lines to say, parted by "; /rt"; with none there is a prompt.
	Say string
	// Environ is what the programs are started with.
	Environ []string
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
}

// SayError means that a line did not succeed; its card says why.
type SayError struct {
	Line   string
	Status int
}

// Error names the line.
func (e *SayError) Error() string { return fmt.Sprintf("%q did not succeed", e.Line) }

// Demo starts a lab and a bot in a folder of their own, says the lines or gives a prompt, and takes everything away again.
func Demo(ctx context.Context, o DemoOptions) (err error) {
	// The programs end with the thread that started them: it has to live as long as they do.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := os.MkdirTemp("", "rt-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{DemoOptions: o, dir: dir}
	defer func() { err = errors.Join(err, d.stop()) }()
	if err := d.start(ctx); err != nil {
		return err
	}
	if o.Say != "" {
		return d.sayAll(ctx)
	}
	return d.prompt(ctx)
}

// demo is a demonstration that runs.
type demo struct {
	DemoOptions

	dir     string
	url     string
	running []*exec.Cmd
}

func (d *demo) start(ctx context.Context) error {
	lab := d.command(ctx, d.Program, "up", "--dir", filepath.Join(d.dir, "lab"))
	out, err := lab.StdoutPipe()
	if err != nil {
		return err
	}
	fmt.Fprintln(d.Out, "starting a whole small cluster on this machine")
	if err := d.run(lab); err != nil {
		return err
	}
	if err := d.untilReady(out); err != nil {
		return err
	}
	if d.url, err = setting(filepath.Join(d.dir, "lab", "lab.env"), "RT_URL"); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(d.dir, "bot.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	bot := d.command(ctx, d.Bot, "serve", "--config", filepath.Join(d.dir, "lab", "rt.yaml"))
	bot.Stderr = log
	if err := d.run(bot); err != nil {
		return err
	}
	if err := d.untilServing(ctx); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("start bot: %w\n%s", err, said)
	}
	fmt.Fprintf(d.Out, "\nThe web chat is at %s\n\n", d.url)
	return nil
}

// command prepares a program that dies with this one.
func (d *demo) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, program, args...)
	c.Env, c.Stderr = d.Environ, d.Err
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return c
}

func (d *demo) run(c *exec.Cmd) error {
	if err := c.Start(); err != nil {
		return err
	}
	d.running = append(d.running, c)
	return nil
}

// stop ends what was started, the newest first.
func (d *demo) stop() error {
	for _, c := range slices.Backward(d.running) {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		var exit *exec.ExitError
		if err := c.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// untilReady passes the lab's progress on until it is ready.
func (d *demo) untilReady(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return nil
		}
		fmt.Fprintln(d.Out, "  "+lines.Text())
	}
	return errors.Join(errors.New("the lab ended before it was ready"), lines.Err())
}

// untilServing waits until the web chat answers.
func (d *demo) untilServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the web chat does not answer")
		}
	}
}

func setting(path, key string) (string, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			return strings.Trim(value, `'"`), nil
		}
	}
	return "", fmt.Errorf("%s has no %s", path, key)
}

// sayAll says the lines one after the other and stops at the first that does not succeed.
func (d *demo) sayAll(ctx context.Context) error {
	for i, line := range strings.Split(d.Say, "; /rt") {
		if i > 0 {
			line = "/rt" + line
		}
		if err := d.say(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) say(ctx context.Context, line string) error {
	c := d.command(ctx, d.Bot, "say", "--url", d.url, "--", line)
	c.Stdout = d.Out
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return &SayError{Line: line, Status: exit.ExitCode()}
	}
	return err
}

// prompt says each line that is typed until there are no more.
func (d *demo) prompt(ctx context.Context) error {
	fmt.Fprintln(d.Out, "Type a line, such as /rt status or /rt scale gitea 2; Ctrl-D ends it.")
	typed := make(chan string)
	go func() { // ends with the input, or with the program
		defer close(typed)
		lines := bufio.NewScanner(d.In)
		for lines.Scan() {
			typed <- lines.Text()
		}
	}()
	for {
		fmt.Fprint(d.Out, "> ")
		select {
		case <-ctx.Done():
			return nil
		case line, more := <-typed:
			if !more {
				return nil
			}
			var unsuccessful *SayError
			if err := d.say(ctx, line); err != nil && !errors.As(err, &unsuccessful) {
				return err
			}
		}
	}
}
