package githubtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// errMissing means that the repository has no such object.
var errMissing = errors.New("no such object")

// git runs Git's plumbing on one bare repository.
type git struct{ dir string }

// object is a Git object's name and kind.
type object struct {
	oid  string
	kind string
}

// entry is a line of a tree.
type entry struct {
	mode string
	kind string
	oid  string
	// size is that of a blob, else 0.
	size int
	// path is relative to the tree that was listed.
	path string
}

// run gives what the command prints.
func (g git) run(ctx context.Context, in []byte, args ...string) ([]byte, error) {
	return g.runWith(ctx, nil, in, args...)
}

func (g git) runWith(ctx context.Context, env []string, in []byte, args ...string) ([]byte, error) {
	all := append([]string{"--git-dir=" + g.dir, "--literal-pathspecs"}, args...)
	cmd := exec.CommandContext(ctx, "git", all...) //nolint:gosec // a fixed program; no shell reads the arguments
	cmd.Env = append(append(cmd.Environ(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"), env...)
	cmd.Stdin = bytes.NewReader(in)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(problem.Bytes()))
	}
	return out.Bytes(), nil
}

// resolve gives the name and the kind of the object that an expression means: a branch, a commit, branch:path.
func (g git) resolve(ctx context.Context, expression string) (object, error) {
	if expression == "" || strings.ContainsAny(expression, "\n\x00") {
		return object{}, errMissing
	}
	out, err := g.run(ctx, []byte(expression+"\n"), "cat-file", "--batch-check")
	if err != nil {
		return object{}, err
	}
	fields := strings.Fields(string(out))
	if len(fields) != 3 || strings.HasSuffix(strings.TrimSpace(string(out)), " missing") {
		return object{}, errMissing
	}
	return object{oid: fields[0], kind: fields[1]}, nil
}

// size gives a blob's size.
func (g git) size(ctx context.Context, oid string) (int, error) {
	out, err := g.run(ctx, nil, "cat-file", "-s", oid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// commit gives the commit that an expression means.
func (g git) commit(ctx context.Context, expression string) (string, error) {
	got, err := g.resolve(ctx, expression+"^{commit}")
	return got.oid, err
}

// blobs reads several blobs at once, in the order asked for.
func (g git) blobs(ctx context.Context, oids []string) ([][]byte, error) {
	if len(oids) == 0 {
		return nil, nil
	}
	out, err := g.run(ctx, []byte(strings.Join(oids, "\n")+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	blobs := make([][]byte, 0, len(oids))
	for _, oid := range oids {
		header, rest, _ := bytes.Cut(out, []byte("\n"))
		fields := strings.Fields(string(header))
		if len(fields) != 3 {
			return nil, fmt.Errorf("blob %s: %w", oid, errMissing)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil || size >= len(rest) {
			return nil, fmt.Errorf("blob %s: unexpected header %q", oid, header)
		}
		blobs = append(blobs, rest[:size])
		out = rest[size+1:]
	}
	return blobs, nil
}

// list gives a tree's entries, or only that of one path in it; a recursive list has the subfolders too.
func (g git) list(ctx context.Context, tree string, options ...string) ([]entry, error) {
	out, err := g.run(ctx, nil, append([]string{"ls-tree", "-z", "-l", "--full-tree"}, append(options, tree)...)...)
	if err != nil {
		return nil, err
	}
	return parseList(string(out))
}

// lookUp gives the entry of a tree at a path, or errMissing.
func (g git) lookUp(ctx context.Context, tree, path string) (entry, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return entry{}, errMissing
	}
	out, err := g.run(ctx, nil, "ls-tree", "-z", "-l", "--full-tree", "--end-of-options", tree, path)
	if err != nil {
		return entry{}, err
	}
	entries, err := parseList(string(out))
	if err != nil {
		return entry{}, err
	}
	if len(entries) != 1 || entries[0].path != path {
		return entry{}, errMissing
	}
	return entries[0], nil
}

// parseList reads what ls-tree -z -l prints.
func parseList(out string) ([]entry, error) {
	var entries []entry
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if line == "" {
			continue
		}
		head, path, _ := strings.Cut(line, "\t")
		fields := strings.Fields(head)
		if len(fields) != 4 {
			return nil, fmt.Errorf("unexpected line of a tree %q", line)
		}
		e := entry{mode: fields[0], kind: fields[1], oid: fields[2], path: path}
		if fields[3] != "-" {
			size, err := strconv.Atoi(fields[3])
			if err != nil {
				return nil, fmt.Errorf("size of %q: %w", path, err)
			}
			e.size = size
		}
		entries = append(entries, e)
	}
	return entries, nil
}
