package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v92/github"

	"rtbot/gitops"
)

// History gives the newest n commits of the branch that touched a file, newest first.
func (r *Repository) History(ctx context.Context, path string, n int) ([]gitops.Commit, error) {
	var got []*github.RepositoryCommit
	err := r.read(ctx, func(ctx context.Context) (err error) {
		got, _, err = r.client.Repositories.ListCommits(ctx, r.owner, r.name, &github.CommitsListOptions{
			SHA: r.branch, Path: path, ListOptions: github.ListOptions{PerPage: n},
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the commits of %s: %w", path, err)
	}
	commits := make([]gitops.Commit, len(got))
	for i, c := range got {
		commits[i] = commitOf(c)
	}
	return commits, nil
}

// Rewrites gives what a commit made of its files.
func (r *Repository) Rewrites(ctx context.Context, sha string) ([]gitops.Rewrite, error) {
	if !isSHA(sha) {
		return nil, fmt.Errorf("read a commit: %w", notSHA(sha))
	}
	var commit *github.RepositoryCommit
	err := r.read(ctx, func(ctx context.Context) (err error) {
		commit, _, err = r.client.Repositories.GetCommit(ctx, r.owner, r.name, sha, &github.ListOptions{PerPage: maxChange})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", sha, err)
	}
	if len(commit.Files) >= mostRewrites || len(commit.Parents) != 1 {
		return nil, fmt.Errorf("read commit %s: %w", sha, errTooFar)
	}
	rewrites := make([]gitops.Rewrite, 0, len(commit.Files))
	for _, f := range commit.Files {
		w := gitops.Rewrite{Path: f.GetFilename()}
		if f.GetStatus() == "modified" {
			if w.Before, err = r.content(ctx, w.Path, commit.Parents[0].GetSHA()); err != nil {
				return nil, err
			}
			if w.After, err = r.content(ctx, w.Path, sha); err != nil {
				return nil, err
			}
		}
		rewrites = append(rewrites, w)
	}
	return rewrites, nil
}

// mostRewrites is how many files of one commit are read.
const mostRewrites = 20

// content reads a file as it was at a commit.
func (r *Repository) content(ctx context.Context, path, sha string) ([]byte, error) {
	var file *github.RepositoryContent
	err := r.read(ctx, func(ctx context.Context) (err error) {
		file, _, _, err = r.client.Repositories.GetContents(ctx, r.owner, r.name, path, &github.RepositoryContentGetOptions{Ref: sha})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s at %s: %w", path, sha, err)
	}
	text, err := file.GetContent()
	if err != nil || blobName([]byte(text)) != file.GetSHA() {
		return nil, nonsense("another file than %s", path)
	}
	return []byte(text), nil
}
