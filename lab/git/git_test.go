package git_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"rtbot/lab/git"
)

func TestHandler(t *testing.T) {
	folder := t.TempDir()
	run(t, folder, "init", "--quiet", "--bare", "--initial-branch=main", "forge.git")
	run(t, filepath.Join(folder, "forge.git"), "config", "http.receivepack", "true")
	handler, err := git.Handler(folder)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	mine, theirs := filepath.Join(t.TempDir(), "mine"), filepath.Join(t.TempDir(), "theirs")
	run(t, folder, "clone", "--quiet", server.URL+"/forge.git", mine)
	if err := os.WriteFile(filepath.Join(mine, "hello"), []byte("a pushed line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, mine, "add", ".")
	run(t, mine, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", "hello")
	run(t, mine, "push", "--quiet", "origin", "HEAD:main")
	run(t, folder, "clone", "--quiet", server.URL+"/forge.git", theirs)

	got, err := os.ReadFile(filepath.Join(theirs, "hello"))
	if want := "a pushed line\n"; err != nil || string(got) != want {
		t.Errorf("what was pushed reads %q, %v; want %q", got, err, want)
	}
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
