package githubtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever asked goes away while Git holds the branch's lock. The commit is made, and so are those that come after it.
func TestACommitIsMadeWhoeverGoesAway(t *testing.T) {
	t.Parallel()
	l := start(t, nil)
	before := l.head()
	held, release := l.hold()
	ctx, goAway := context.WithCancel(t.Context())
	defer goAway()
	body, err := json.Marshal(map[string]any{"query": mutation, "variables": commitInput(before, "k8s/03-apps/gitea.yaml", "replicas: 2\n")})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(ctx, "POST", "/graphql", strings.NewReader(string(body)))
	req.Header.Set("Authorization", "Bearer "+writer)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		l.ServeHTTP(httptest.NewRecorder(), req)
	}()

	held()
	goAway()
	release()
	<-answered

	if l.head() == before {
		t.Fatal("the commit was not made")
	}
	input := commitInput(l.head(), "k8s/03-apps/gitea.yaml", "replicas: 3\n")
	delete(input["input"].(map[string]any)["fileChanges"].(map[string]any), "deletions")
	if got := l.graphql(writer, mutation, input); got.body["errors"] != nil {
		t.Errorf("the next commit: %v", got.body["errors"])
	}
}

// hold makes Git stop once, when it has the lock of what it changes: held waits for that, and release lets it go on.
func (l *lab) hold() (held, release func()) {
	l.t.Helper()
	dir := l.t.TempDir()
	reached, goOn := filepath.Join(dir, "reached"), filepath.Join(dir, "go-on")
	for _, pipe := range []string{reached, goOn} {
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			l.t.Fatal(err)
		}
	}
	hook := filepath.Join(l.gitDir, "hooks", "reference-transaction")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = prepared ] || exit 0\nrm -f '%s'\necho >'%s'\nread -r line <'%s'\nexit 0\n", hook, reached, goOn)
	if err := os.MkdirAll(filepath.Dir(hook), 0o700); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte(script), 0o700); err != nil {
		l.t.Fatal(err)
	}
	held = func() {
		if _, err := os.ReadFile(reached); err != nil {
			l.t.Fatal(err)
		}
	}
	release = func() {
		if err := os.WriteFile(goOn, []byte("\n"), 0o600); err != nil {
			l.t.Fatal(err)
		}
	}
	return held, release
}
