package githubtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// record is a commit as Git has it.
type record struct {
	oid       string
	tree      string
	parents   []string
	author    actor
	committer actor
	message   string
}

// actor is who made something, and when.
type actor struct {
	name  string
	email string
	date  string
}

// logFormat prints the fields of a record; the message comes last.
const logFormat = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"

// log gives the commits that the arguments of git log select.
func (g git) log(ctx context.Context, args ...string) ([]record, error) {
	out, err := g.run(ctx, nil, append([]string{"log", "-z", logFormat}, args...)...)
	if err != nil {
		return nil, err
	}
	const fields = 10
	parts := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(parts) == 1 {
		return nil, nil
	}
	if len(parts)%fields != 0 {
		return nil, fmt.Errorf("git log: %d fields", len(parts))
	}
	var records []record
	for ; len(parts) > 0; parts = parts[fields:] {
		records = append(records, record{
			oid:       parts[0],
			tree:      parts[1],
			parents:   strings.Fields(parts[2]),
			author:    actor{name: parts[3], email: parts[4], date: parts[5]},
			committer: actor{name: parts[6], email: parts[7], date: parts[8]},
			message:   strings.TrimRight(parts[9], "\n"),
		})
	}
	return records, nil
}

// record gives one commit.
func (g git) record(ctx context.Context, oid string) (record, error) {
	records, err := g.log(ctx, "--max-count=1", oid, "--")
	if err != nil {
		return record{}, err
	}
	if len(records) == 0 {
		return record{}, errMissing
	}
	return records[0], nil
}

// count gives how many commits a range has.
func (g git) count(ctx context.Context, args ...string) (int, error) {
	out, err := g.run(ctx, nil, append([]string{"rev-list", "--count"}, args...)...)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// mergeBase gives the newest common ancestor, or errMissing.
func (g git) mergeBase(ctx context.Context, a, b string) (string, error) {
	out, err := g.run(ctx, nil, "merge-base", a, b)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errMissing, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// difference is a file that differs between two trees.
type difference struct {
	status   string
	oid      string
	path     string
	previous string
}

// diff gives the files that differ between two commits, renames found.
func (g git) diff(ctx context.Context, from, to string) ([]difference, error) {
	args := []string{"diff-tree", "-r", "-z", "-M", "--raw", "--no-commit-id", from, to}
	out, err := g.run(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	words := map[byte]string{'A': "added", 'D': "removed", 'M': "modified", 'R': "renamed", 'T': "changed"}
	parts := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	var all []difference
	for i := 0; i+1 < len(parts); i += 2 {
		fields := strings.Fields(parts[i])
		if len(fields) != 5 {
			return nil, fmt.Errorf("git diff-tree: unexpected line %q", parts[i])
		}
		d := difference{status: words[fields[4][0]], oid: fields[3], path: parts[i+1]}
		if d.status == "renamed" && i+2 < len(parts) {
			d.previous, d.path = d.path, parts[i+2]
			i++
		}
		all = append(all, d)
	}
	return all, nil
}
