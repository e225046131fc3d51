package githubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errStale means that the branch is not where it was expected to be.
var errStale = errors.New("the branch moved")

// errPath means that a path cannot be written or deleted.
var errPath = errors.New("not a path that can be changed")

// draft is a commit to be made.
type draft struct {
	branch    string
	expected  string
	additions []addition
	deletions []string
	message   string
	login     string
	at        time.Time
}

// addition is a file with its new content.
type addition struct {
	path string
	data []byte
}

// write makes the commit and moves the branch from where it was expected to be, or leaves the branch alone.
func (g git) write(ctx context.Context, d draft) (string, error) {
	ref := "refs/heads/" + d.branch
	if at, err := g.commit(ctx, ref); err != nil || at != d.expected {
		return "", errStale
	}
	tree, err := g.tree(ctx, d)
	if err != nil {
		return "", err
	}
	who := fmt.Sprintf("%s <%s@users.noreply.github.com>", d.login, d.login)
	when := fmt.Sprintf("%d +0000", d.at.Unix())
	text := fmt.Sprintf("tree %s\nparent %s\nauthor %s %s\ncommitter GitHub <noreply@github.com> %s\n\n%s",
		tree, d.expected, who, when, when, d.message)
	oid, err := g.store(ctx, "commit", []byte(text))
	if err != nil {
		return "", err
	}
	return oid, g.move(ctx, ref, oid, d.expected)
}

// move sets the branch if it still is where it was. A push that holds the lock at that moment is waited out by asking again.
func (g git) move(ctx context.Context, ref, to, from string) error {
	const attempts = 20
	var err error
	for range attempts {
		if _, err = g.run(ctx, nil, "update-ref", ref, to, from); err == nil {
			return nil
		}
		at, problem := g.commit(ctx, ref)
		if problem != nil || at != from {
			return errStale
		}
	}
	return err
}

// tree writes the tree that the draft leads to, by way of an index of its own.
func (g git) tree(ctx context.Context, d draft) (string, error) {
	folder, err := os.MkdirTemp(g.dir, "index-")
	if err != nil {
		return "", fmt.Errorf("index: %w", err)
	}
	defer os.RemoveAll(folder)
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(folder, "index")}
	if _, err := g.runWith(ctx, env, nil, "read-tree", d.expected); err != nil {
		return "", err
	}
	lines, err := g.indexLines(ctx, d)
	if err != nil {
		return "", err
	}
	if _, err := g.runWith(ctx, env, lines, "update-index", "-z", "--index-info"); err != nil {
		return "", fmt.Errorf("%w: %w", errPath, err)
	}
	out, err := g.runWith(ctx, env, nil, "write-tree")
	return strings.TrimSpace(string(out)), err
}

// indexLines stores the new contents and says what the index is to change, as update-index --index-info reads it.
func (g git) indexLines(ctx context.Context, d draft) ([]byte, error) {
	var lines bytes.Buffer
	for _, path := range d.deletions {
		if _, err := g.lookUp(ctx, d.expected, path); err != nil || !clean(path) {
			return nil, fmt.Errorf("%w: %q is not there to be deleted", errPath, path)
		}
		fmt.Fprintf(&lines, "0 %s\t%s\x00", strings.Repeat("0", 40), path)
	}
	for _, a := range d.additions {
		if !clean(a.path) {
			return nil, fmt.Errorf("%w: %q", errPath, a.path)
		}
		mode := "100644"
		if old, err := g.lookUp(ctx, d.expected, a.path); err == nil && old.mode == "100755" {
			mode = old.mode
		}
		oid, err := g.store(ctx, "blob", a.data)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&lines, "%s %s\t%s\x00", mode, oid, a.path)
	}
	return lines.Bytes(), nil
}

// store writes one object.
func (g git) store(ctx context.Context, kind string, data []byte) (string, error) {
	out, err := g.run(ctx, data, "hash-object", "-w", "-t", kind, "--stdin")
	return strings.TrimSpace(string(out)), err
}

// clean says whether GitHub would take the path.
func clean(path string) bool {
	if path == "" || strings.ContainsAny(path, "\x00") {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}
