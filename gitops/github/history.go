package github

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-github/v92/github"

	"rtbot/gitops"
)

// How much history is looked through.
const (
	maxPages  = 5
	pageSize  = 100
	maxChange = 300 // the most files that GitHub compares
)

// errTooFar means that there is more history than is looked through, so that nothing is known.
var errTooFar = errors.New("too much happened in between")

// FindTrailer looks through the commits that the branch has and the commit since has not, oldest first, for one whose
// message ends in exactly that trailer. Where there are too many commits to look through, it says so with an error: not
// found means that there is none.
func (r *Repository) FindTrailer(ctx context.Context, since, key, value string) (gitops.Commit, bool, error) {
	want := gitops.Trailer{Key: key, Value: value}
	for page := 1; page <= maxPages; page++ {
		got, err := r.compare(ctx, since, r.branch, pageOf(page, pageSize))
		if err != nil {
			return gitops.Commit{}, false, fmt.Errorf("find %s: %w", key, err)
		}
		for _, c := range got.Commits {
			if slices.Contains(gitops.Trailers(c.GetCommit().GetMessage()), want) {
				return commitOf(c), true, nil
			}
		}
		if len(got.Commits) == 0 || page*pageSize >= got.GetTotalCommits() {
			return gitops.Commit{}, false, nil
		}
	}
	return gitops.Commit{}, false, fmt.Errorf("find %s: over %d commits: %w", key, maxPages*pageSize, errTooFar)
}

// Contains says whether the commit sha is the revision or one of its ancestors.
func (r *Repository) Contains(ctx context.Context, revision, sha string) (bool, error) {
	if revision == sha && isSHA(sha) {
		return true, nil
	}
	if !isSHA(revision) {
		return false, fmt.Errorf("look for a commit: %w", notSHA(revision))
	}
	got, err := r.compare(ctx, sha, revision, pageOf(1, 1))
	if err != nil {
		return false, fmt.Errorf("look for commit %s in %s: %w", sha, revision, err)
	}
	status := got.GetStatus()
	return status == "ahead" || status == "identical", nil
}

// Changed gives the paths that differ between two commits, sorted; a renamed file counts under both names.
func (r *Repository) Changed(ctx context.Context, from, to string) ([]string, error) {
	if !isSHA(to) {
		return nil, fmt.Errorf("compare commits: %w", notSHA(to))
	}
	if from == to {
		return nil, nil
	}
	got, err := r.compare(ctx, from, to, pageOf(1, 1))
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", from, to, err)
	}
	files := got.Files
	if got.GetBehindBy() > 0 {
		// GitHub compares with the common ancestor: what only from has is seen the other way round.
		back, err := r.compare(ctx, to, from, pageOf(1, 1))
		if err != nil {
			return nil, fmt.Errorf("compare %s with %s: %w", to, from, err)
		}
		files = slices.Concat(files, back.Files)
		if len(back.Files) >= maxChange {
			return nil, fmt.Errorf("compare %s with %s: %w", to, from, errTooFar)
		}
	}
	if len(got.Files) >= maxChange {
		return nil, fmt.Errorf("compare %s with %s: %w", from, to, errTooFar)
	}
	return pathsOf(files), nil
}

func pathsOf(files []*github.CommitFile) []string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.GetFilename())
		if f.PreviousFilename != nil {
			paths = append(paths, f.GetPreviousFilename())
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// compare asks what head has that the commit base has not.
func (r *Repository) compare(ctx context.Context, base, head string, page *github.ListOptions) (*github.CommitsComparison, error) {
	if !isSHA(base) {
		return nil, notSHA(base)
	}
	var got *github.CommitsComparison
	err := r.read(ctx, func(ctx context.Context) (err error) {
		got, _, err = r.client.Repositories.CompareCommits(ctx, r.owner, r.name, base, head, page)
		return err
	})
	return got, err
}

func notSHA(s string) error {
	return &gitops.RefusedError{Code: gitops.Invalid, Detail: fmt.Sprintf("%q is not the name of a commit", s)}
}

func commitOf(c *github.RepositoryCommit) gitops.Commit {
	author := c.GetAuthor().GetLogin()
	if author == "" {
		author = c.GetCommit().GetAuthor().GetName()
	}
	at := c.GetCommit().GetCommitter().GetDate().Time
	return gitops.Commit{SHA: c.GetSHA(), Message: c.GetCommit().GetMessage(), Author: author, At: at}
}
