//go:build e2e

// Package e2e drives the lab and the bot as their users do: by their commands, the web page and Git.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// lab is the lab that all tests share, and world is what its lab.env says.
var (
	labDir string
	world  map[string]string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rt-e2e-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	labDir = filepath.Join(dir, "lab")
	up := exec.Command(binary("lab"), "up", "--dir", labDir)
	out, err := up.StdoutPipe()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	up.Stderr = os.Stderr
	if err := up.Start(); err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() {
		_ = up.Process.Signal(syscall.SIGTERM)
		_ = up.Wait()
	}()
	if err := ready(out); err != nil {
		fmt.Println(err)
		return 1
	}
	if world, err = readEnv(filepath.Join(labDir, "lab.env")); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// binary is one of the programs that `make build lab` made.
func binary(name string) string {
	path, err := filepath.Abs(filepath.Join("..", "..", "bin", name))
	if err != nil {
		panic(err)
	}
	return path
}

// ready waits for the line `ready` and passes on what stands before it.
func ready(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Println("lab:", lines.Text())
		if lines.Text() == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return nil
		}
	}
	return errors.New("the lab ended before it was ready")
}

func readEnv(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	return values, nil
}

// eventually tries until it works or the time is up.
func eventually(tb testing.TB, within time.Duration, what string, try func() error) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %s: %v", what, within, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// said is what `bot say` printed and its status.
type said struct {
	out    string
	err    string
	status int
}

// say says a line with `bot say` and waits for its end.
func say(tb testing.TB, args ...string) said {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, binary("bot"), append([]string{"say"}, args...)...)
	command.Env = append(os.Environ(), "RT_URL="+world["RT_URL"])
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	return said{out: out.String(), err: errs.String(), status: command.ProcessState.ExitCode()}
}

// must says a line that has to end with that status, and returns the card's text.
func must(tb testing.TB, status int, args ...string) string {
	tb.Helper()
	got := say(tb, args...)
	if got.status != status {
		tb.Fatalf("say %q: status %d, want %d\n%s%s", args, got.status, status, got.out, got.err)
	}
	return got.out
}

// wants fails unless the text has all of these in it.
func wants(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// errorf makes an error for a retry.
func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// git runs git in the forge's bare repository.
func git(tb testing.TB, args ...string) string {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), "git", append([]string{"-C", world["FORGE_GIT_DIR"]}, args...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		tb.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// cluster is the lab's API server, as its administrator.
func cluster(tb testing.TB) *kubernetes.Clientset {
	tb.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", world["KUBECONFIG"])
	if err != nil {
		tb.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// running is how many replicas a Deployment of rt is to have, and how many are ready.
func running(tb testing.TB, name string) (want, ready int32) {
	tb.Helper()
	d, err := cluster(tb).AppsV1().Deployments("rt").Get(tb.Context(), name, metav1.GetOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return *d.Spec.Replicas, d.Status.ReadyReplicas
}
