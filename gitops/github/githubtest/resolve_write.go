package githubtest

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/graph-gophers/graphql-go"
)

// commitInput is what createCommitOnBranch is given.
type commitInput struct {
	Branch struct {
		BranchName              *string
		ID                      *graphql.ID
		RepositoryNameWithOwner *string
	}
	ClientMutationID *string
	ExpectedHeadOid  scalar
	FileChanges      *fileChanges
	Message          struct {
		Body     *string
		Headline string
	}
}

type fileChanges struct {
	Additions []fileAddition
	Deletions []fileDeletion
}

type fileAddition struct {
	Contents scalar
	Path     string
}

type fileDeletion struct{ Path string }

// commitPayload is what createCommitOnBranch answers.
type commitPayload struct {
	ClientMutationID *string
	Commit           *commit
	Ref              *ref
}

// CreateCommitOnBranch makes one commit of several files, if the branch is where the asker expects it.
func (q *query) CreateCommitOnBranch(ctx context.Context, args struct{ Input commitInput }) (*commitPayload, error) {
	in := args.Input
	branch, err := q.branch(ctx, in)
	if err != nil {
		return nil, err
	}
	d := draft{
		branch: branch, expected: string(in.ExpectedHeadOid), message: strings.TrimSpace(in.Message.Headline),
		login: asker(ctx).token.Login, at: q.s.config.Now(),
	}
	if in.Message.Body != nil && *in.Message.Body != "" {
		d.message += "\n\n" + *in.Message.Body
	}
	if d.additions, d.deletions, err = in.FileChanges.files(); err != nil {
		return nil, err
	}
	oid, err := q.s.commit(ctx, d)
	if err != nil {
		return nil, err
	}
	repo := &repository{s: q.s}
	return &commitPayload{
		ClientMutationID: in.ClientMutationID,
		Commit:           &commit{node: node{repo: repo, oid: oid}},
		Ref:              &ref{repo: repo, full: "refs/heads/" + branch, oid: oid},
	}, nil
}

// branch finds the branch that is to be committed to, and refuses those that take no commit.
func (q *query) branch(ctx context.Context, in commitInput) (string, error) {
	name, full := in.names()
	token, settings := asker(ctx).token, q.s.current()
	if !token.sees() || (full != "" && !strings.EqualFold(full, q.s.fullName())) {
		return "", queryErrorf("NOT_FOUND", "Could not resolve to a Repository with the given name.")
	}
	switch {
	case !token.may("contents", "write"):
		return "", queryErrorf("FORBIDDEN", "%s", forbidden(token))
	case settings.Archived:
		return "", queryErrorf("FORBIDDEN", "Repository was archived so is read-only.")
	case settings.PullRequests && name == q.s.config.Branch:
		return "", queryErrorf("BRANCH_PROTECTION_RULE_VIOLATION",
			"Repository rule violations found\n\nChanges must be made through a pull request.\n\n")
	}
	if _, err := q.s.git.commit(ctx, "refs/heads/"+name); err != nil {
		return "", queryErrorf("NOT_FOUND", "Branch `%s` does not exist.", name)
	}
	return name, nil
}

// names gives the branch, and the repository where that is named.
func (in commitInput) names() (branch, repository string) {
	if in.Branch.ID != nil {
		return strings.TrimPrefix(string(*in.Branch.ID), "REF_refs/heads/"), ""
	}
	if in.Branch.BranchName != nil {
		branch = strings.TrimPrefix(*in.Branch.BranchName, "refs/heads/")
	}
	repository = "a repository that is not named"
	if in.Branch.RepositoryNameWithOwner != nil {
		repository = *in.Branch.RepositoryNameWithOwner
	}
	return branch, repository
}

// files decodes the contents.
func (c *fileChanges) files() ([]addition, []string, error) {
	if c == nil {
		return nil, nil, nil
	}
	var additions []addition
	var deletions []string
	for _, a := range c.Additions {
		data, err := base64.StdEncoding.DecodeString(string(a.Contents))
		if err != nil {
			return nil, nil, queryErrorf("UNPROCESSABLE", "The contents of %s are not base64.", a.Path)
		}
		additions = append(additions, addition{path: a.Path, data: data})
	}
	for _, d := range c.Deletions {
		deletions = append(deletions, d.Path)
	}
	return additions, deletions, nil
}

// commit makes a commit, one at a time. One that has begun is made, even where whoever asked has gone: a Git that is killed
// leaves its locks behind, and then nothing is ever committed again.
func (s *Server) commit(ctx context.Context, d draft) (string, error) {
	ctx = context.WithoutCancel(ctx)
	s.commits.Lock()
	defer s.commits.Unlock()
	oid, err := s.git.write(ctx, d)
	switch {
	case errors.Is(err, errStale):
		return "", queryErrorf("STALE_DATA",
			"Expected branch to point to %q but it did not.  Pull and try again.", d.expected)
	case errors.Is(err, errPath):
		return "", queryErrorf("UNPROCESSABLE", "%s", err)
	}
	return oid, err
}
