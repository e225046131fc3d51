// Package forge is the repository that the lab's cluster is run from: the guide's own folders, with a history. It
// writes the repository once and never looks at it again.
package forge

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Branch is the branch that the cluster follows.
const Branch = "main"

// files are the newest state of the repository. Another app is one more file in repository/k8s/03-apps.
//
//go:embed all:repository
var files embed.FS

// commit is one step of the history: it adds the paths that are named.
type commit struct {
	author  string
	daysAgo int
	message string
	paths   []string
}

// history is oldest first; the last commit adds whatever is left.
func history() []commit {
	return []commit{
		{
			"Alice Martin", 42, "Start with the namespaces and the pull secret\n\nThe patch of the ServiceAccount gives each new pod the Docker Hub secret.",
			[]string{"README.md", "k8s/01-initialisation"},
		},
		{"Alice Martin", 41, "Add the three layers to Argo CD", []string{"k8s/argocd"}},
		{"Alice Martin", 40, "Make the cluster and its secrets from one workflow", []string{".github"}},
		{"Dave Leroy", 35, "Add postgres", []string{"k8s/02-database"}},
		{"Bob Keller", 28, "Add gitea and jenkins", []string{"k8s/03-apps/gitea.yaml", "k8s/03-apps/jenkins.yaml"}},
		{"Bob Keller", 12, "Put nginx in front of gitea and jenkins", []string{"k8s/03-apps/nginx-front.yaml"}},
		{"Carol Brun", 3, "Add mon-app", []string{"."}},
	}
}

// Files is the repository's newest state.
func Files() (fs.FS, error) { return fs.Sub(files, "repository") }

// Create makes a bare repository with the whole history, as of now.
func Create(ctx context.Context, bare string, now time.Time) error {
	work, err := os.MkdirTemp(filepath.Dir(bare), "forge-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	content, err := Files()
	if err != nil {
		return err
	}
	if err := os.CopyFS(work, content); err != nil {
		return fmt.Errorf("unpack the forge: %w", err)
	}
	if err := git(ctx, work, nil, "init", "--quiet", "--initial-branch="+Branch); err != nil {
		return err
	}
	for _, c := range history() {
		if err := c.record(ctx, work, now); err != nil {
			return err
		}
	}
	if err := git(ctx, work, nil, "clone", "--quiet", "--bare", work, bare); err != nil {
		return err
	}
	return git(ctx, bare, nil, "config", "http.receivepack", "true")
}

// record adds the commit's paths and commits them with its author and its day.
func (c commit) record(ctx context.Context, work string, now time.Time) error {
	if err := git(ctx, work, nil, append([]string{"add", "--"}, c.paths...)...); err != nil {
		return err
	}
	day := now.AddDate(0, 0, -c.daysAgo).Format(time.RFC3339)
	first, _, _ := strings.Cut(c.author, " ")
	email := strings.ToLower(first) + "@example.org"
	env := []string{
		"GIT_AUTHOR_NAME=" + c.author, "GIT_AUTHOR_EMAIL=" + email, "GIT_AUTHOR_DATE=" + day,
		"GIT_COMMITTER_NAME=" + c.author, "GIT_COMMITTER_EMAIL=" + email, "GIT_COMMITTER_DATE=" + day,
	}
	return git(ctx, work, env, "commit", "--quiet", "--message", c.message)
}

// git runs Git without the configuration of whoever starts the lab.
func git(ctx context.Context, dir string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}
