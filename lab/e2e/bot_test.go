//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bot is a running bot.
type bot struct {
	t       testing.TB
	config  string
	command *exec.Cmd
	log     *logged
}

// logged is a bot's log, which can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a part of the log.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives all that was written.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serve starts a bot on the lab and waits until it answers.
func serve(tb testing.TB) *bot {
	tb.Helper()
	return serveWith(tb, "rt.yaml")
}

// serveWith starts a bot with another configuration of the lab's folder.
func serveWith(tb testing.TB, config string) *bot {
	tb.Helper()
	b := &bot{t: tb, config: filepath.Join(labDir, config), log: &logged{}}
	b.start()
	tb.Cleanup(func() {
		b.stop(syscall.SIGTERM)
		if tb.Failed() {
			tb.Logf("the bot's log:\n%s", b.log)
		}
	})
	return b
}

func (b *bot) start() {
	b.t.Helper()
	b.command = exec.Command(binary("bot"), "serve", "--config", b.config)
	b.command.Stderr = b.log
	if err := b.command.Start(); err != nil {
		b.t.Fatal(err)
	}
	eventually(b.t, 30*time.Second, "the bot answers", func() error {
		resp, err := http.Get(world["RT_URL"] + "/")
		if err != nil {
			return errorf("%w; it says:\n%s", err, b.log)
		}
		return resp.Body.Close()
	})
}

// opsURL is where the bot answers those who run it.
func opsURL(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(labDir, "rt.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	found := regexp.MustCompile(`ops: \{listen: ([^}]+)\}`).FindSubmatch(text)
	if found == nil {
		tb.Fatal("rt.yaml does not say where")
	}
	return "http://" + string(found[1])
}

// untilReady waits until the bot says that it can do its work.
func (b *bot) untilReady() {
	b.t.Helper()
	eventually(b.t, 10*time.Second, "the bot is ready", func() error {
		resp, err := http.Get(opsURL(b.t) + "/readyz")
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			err = errorf("status %d", resp.StatusCode)
		}
		return errors.Join(err, resp.Body.Close())
	})
}

func (b *bot) stop(signal os.Signal) {
	_ = b.command.Process.Signal(signal)
	_ = b.command.Wait()
}
