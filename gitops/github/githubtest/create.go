package githubtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Create makes a bare repository with one branch that has one commit of the files, by path.
func Create(ctx context.Context, gitDir, branch string, files map[string]string, at time.Time) error {
	g := git{dir: gitDir}
	if _, err := g.run(ctx, nil, "init", "--quiet", "--bare", "--initial-branch="+branch, gitDir); err != nil {
		return err
	}
	var in strings.Builder
	fmt.Fprintf(&in, "commit refs/heads/%s\n", branch)
	fmt.Fprintf(&in, "committer The Team <team@example.org> %d +0000\ndata 13\nfirst commit\n\n", at.Unix())
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(files[path]), files[path])
	}
	if _, err := g.run(ctx, []byte(in.String()), "fast-import", "--quiet"); err != nil {
		return fmt.Errorf("create %s: %w", branch, err)
	}
	return nil
}
