// Package part starts the programs that the lab is made of, waits until they answer, keeps what they print and ends
// them. A part that dies ends the lab, and the lab's death ends each part. It never knows what a part does.
package part

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// grace is how long a part has to end by itself.
const grace = 3 * time.Second

// Part is one program.
type Part struct {
	// Name is its name in the list of programs, of its log and of its messages.
	Name string
	Args []string
	// Env is added to what all parts get.
	Env []string
	// Ready says why the part does not answer yet.
	Ready func(context.Context) error
}

// DiedError says which part ended although nobody asked it to.
type DiedError struct {
	Name string
	// Err is nil where it ended with exit status 0.
	Err error
	// Tail is the end of its log.
	Tail string
}

// Error names the part and quotes its log.
func (d *DiedError) Error() string {
	return fmt.Sprintf("%s ended (%s); its last lines:\n%s", d.Name, d.how(), d.Tail)
}

// Unwrap gives how the part ended.
func (d *DiedError) Unwrap() error { return d.Err }

func (d *DiedError) how() string {
	if d.Err == nil {
		return "exit status 0"
	}
	return d.Err.Error()
}

// Supervisor starts parts and ends them. New makes it, and Run must run for Start to work.
type Supervisor struct {
	program string
	logs    string
	env     []string

	wishes chan wish
	died   chan *DiedError
	parts  sync.WaitGroup

	mu      sync.Mutex
	running map[string]*exec.Cmd
}

// wish asks Run to start a command.
type wish struct {
	name    string
	cmd     *exec.Cmd
	outcome chan error
}

// New makes a Supervisor that starts the program with the environment given and writes logs to a folder.
func New(program, logs string, env []string) *Supervisor {
	return &Supervisor{
		program: program, logs: logs, env: env,
		wishes: make(chan wish), died: make(chan *DiedError), running: map[string]*exec.Cmd{},
	}
}

// Run starts what is asked for until the context ends or a part dies, then ends all parts and waits for them.
// The kernel ends a child when the thread that started it ends, so all parts are started from this one.
func (s *Supervisor) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer s.stop(ctx)
	for {
		select {
		case w := <-s.wishes:
			w.outcome <- s.launch(w.name, w.cmd)
		case died := <-s.died:
			return died
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Start starts a part and waits until it answers.
func (s *Supervisor) Start(ctx context.Context, p Part) error {
	log, err := os.OpenFile(s.log(p.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }()
	w := wish{name: p.Name, cmd: s.command(p), outcome: make(chan error, 1)}
	w.cmd.Stdout, w.cmd.Stderr = log, log
	select {
	case s.wishes <- w:
		err = <-w.outcome
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	if err := Until(ctx, p.Ready); err != nil {
		return fmt.Errorf("wait for %s: %w", p.Name, err)
	}
	return nil
}

// command is a process group of its own, so that Ctrl-C reaches the lab alone, and dies with the lab.
func (s *Supervisor) command(p Part) *exec.Cmd {
	args := append([]string{"part", p.Name}, p.Args...)
	cmd := exec.Command(s.program, args...) //nolint:gosec,noctx // it is this program itself, and stop ends it
	cmd.Env = slices.Concat(s.env, p.Env)
	cmd.Dir = s.logs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (s *Supervisor) log(name string) string { return filepath.Join(s.logs, name+".log") }

// launch starts a command and tells Run when it ends, unless stop ends it.
func (s *Supervisor) launch(name string, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[name] = cmd
	s.parts.Go(func() {
		err := cmd.Wait()
		if s.forget(name) {
			s.died <- &DiedError{Name: name, Err: err, Tail: tail(s.log(name))}
		}
	})
	return nil
}

// forget says whether the part was meant to be running.
func (s *Supervisor) forget(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, meant := s.running[name]
	delete(s.running, name)
	return meant
}

// stop asks all parts to end, and after a while makes them.
func (s *Supervisor) stop(ctx context.Context) {
	commands := s.release()
	signal(commands, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		s.parts.Wait()
		close(ended)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	late := ctx.Done()
	for {
		select {
		case <-ended:
			return
		case <-s.died: //nolint:errcheck // while the others were being ended, which is what is wanted
		case <-late:
			signal(commands, syscall.SIGKILL)
			late = nil
		}
	}
}

// release gives the running commands and forgets them, so that nobody takes their end for a death.
func (s *Supervisor) release() []*exec.Cmd {
	s.mu.Lock()
	defer s.mu.Unlock()
	commands := slices.Collect(maps.Values(s.running))
	clear(s.running)
	return commands
}

// signal reaches the whole group of each command: what a part started ends with it.
func signal(commands []*exec.Cmd, sig syscall.Signal) {
	for _, cmd := range commands {
		_ = syscall.Kill(-cmd.Process.Pid, sig)
	}
}
