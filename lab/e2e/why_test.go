//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// A token that was renewed in GitHub and not in the cluster is found and mended from chat alone: by the buttons of the card.
func TestAStaleTokenIsMendedFromChat(t *testing.T) {
	serve(t)
	labSays(t, "break", "wrong-token", "--dir", labDir)
	defer labSays(t, "mend", "wrong-token", "--dir", labDir)
	wants(t, must(t, 0, "/rt why mon-app"), "Unauthorized", "DOCKER_PASSWORD", "/rt secrets renew", "/rt restart mon-app")
	must(t, 0, "--press", "secrets renew", "/rt why mon-app")
	wants(t, must(t, 0, "/rt restart mon-app"), "1 of 1 pods are ready")
	wants(t, must(t, 0, "/rt why mon-app"), "mon-app runs")
}

// An image that does not exist is refused; committed by hand all the same, it is explained by that commit and taken back.
func TestABadImageIsRefusedExplainedAndUndone(t *testing.T) {
	serve(t)
	before := head(t)
	wants(t, must(t, 2, "/rt image jenkins 0.0-nowhere"), "0.0-nowhere", "Nothing was changed")
	if n, _ := commits(t, before); n != 0 {
		t.Fatalf("got %d commits, want none", n)
	}
	push(t, func(dir string) {
		replaceInJenkins(t, dir, "image: jenkins/jenkins:", "image: jenkins/jenkins:no-such-")
	})
	by := head(t)[:8]
	wants(t, must(t, 1, "/rt sync jenkins"), "cannot be pulled", "/rt why jenkins")
	eventually(t, 30*time.Second, "the pull fails", func() error {
		out := must(t, 0, "/rt why jenkins")
		for _, part := range []string{"Not Found", "no-such-", by, "/rt undo jenkins"} {
			if !strings.Contains(out, part) {
				return errorf("%q is not in:\n%s", part, out)
			}
		}
		return nil
	})
	wants(t, must(t, 0, "/rt undo jenkins"), "pods are ready")
	wants(t, must(t, 0, "/rt why jenkins"), "jenkins runs")
}
