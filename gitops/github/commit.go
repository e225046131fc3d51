package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"rtbot/gitops"
)

// commitMutation makes one commit of several files, if the branch is where it is expected to be.
const commitMutation = `mutation($input: CreateCommitOnBranchInput!) {
	createCommitOnBranch(input: $input) { commit { oid message committedDate author { name user { login } } } }
}`

// commitInput is what the mutation is given.
type commitInput struct {
	Branch          committable `json:"branch"`
	ExpectedHeadOid string      `json:"expectedHeadOid"`
	Message         message     `json:"message"`
	FileChanges     fileChanges `json:"fileChanges"`
}

type committable struct {
	RepositoryNameWithOwner string `json:"repositoryNameWithOwner"`
	BranchName              string `json:"branchName"`
}

type message struct {
	Headline string `json:"headline"`
	Body     string `json:"body,omitempty"`
}

type fileChanges struct {
	Additions []addition `json:"additions,omitempty"`
	Deletions []deletion `json:"deletions,omitempty"`
}

type addition struct {
	Path     string `json:"path"`
	Contents string `json:"contents"`
}

type deletion struct {
	Path string `json:"path"`
}

// commitAnswer is the answer to commitMutation.
type commitAnswer struct {
	CreateCommitOnBranch struct {
		Commit struct {
			OID           string
			Message       string
			CommittedDate time.Time
			Author        struct {
				Name string
				User *struct{ Login string }
			}
		}
	}
}

// Commit makes the change as one commit, in one request. It gives gitops.ErrMoved where the branch is no longer at the
// change's head, and gitops.ErrOutcomeUnknown where the answer was lost: the commit may have been made.
func (r *Repository) Commit(ctx context.Context, change gitops.Change) (gitops.Commit, error) {
	if err := checkChange(change); err != nil {
		return gitops.Commit{}, fmt.Errorf("commit: %w", err)
	}
	q := question{Query: commitMutation, Variables: map[string]any{"input": r.commitInput(change)}}
	var answer commitAnswer
	err := r.call(ctx, gitops.ErrOutcomeUnknown, func(ctx context.Context) error {
		err := r.ask(ctx, q, &answer)
		made := isSHA(answer.CreateCommitOnBranch.Commit.OID)
		if made {
			return nil
		}
		if err == nil {
			return errors.New("an answer without a commit")
		}
		return err
	})
	if err != nil {
		return gitops.Commit{}, fmt.Errorf("commit: %w", err)
	}
	return answer.commit(), nil
}

func (a *commitAnswer) commit() gitops.Commit {
	c := a.CreateCommitOnBranch.Commit
	author := c.Author.Name
	if c.Author.User != nil {
		author = c.Author.User.Login
	}
	return gitops.Commit{SHA: c.OID, Message: c.Message, Author: author, At: c.CommittedDate}
}

func (r *Repository) commitInput(change gitops.Change) commitInput {
	in := commitInput{
		Branch:          committable{RepositoryNameWithOwner: r.owner + "/" + r.name, BranchName: r.branch},
		ExpectedHeadOid: change.Head,
		Message:         message{Headline: change.Headline, Body: change.Body},
	}
	for _, f := range change.Files {
		contents := base64.StdEncoding.EncodeToString(f.Data)
		in.FileChanges.Additions = append(in.FileChanges.Additions, addition{Path: f.Path, Contents: contents})
	}
	for _, path := range change.Deleted {
		in.FileChanges.Deletions = append(in.FileChanges.Deletions, deletion{Path: path})
	}
	return in
}

// checkChange refuses what could only be a mistake of ours, before anything is sent.
func checkChange(change gitops.Change) error {
	refuse := func(format string, args ...any) error {
		return &gitops.RefusedError{Code: gitops.Invalid, Detail: fmt.Sprintf(format, args...)}
	}
	if !isSHA(change.Head) {
		return refuse("%q is not a commit to build on", change.Head)
	}
	if len(change.Files)+len(change.Deleted) == 0 {
		return refuse("it changes nothing")
	}
	if strings.TrimSpace(change.Headline) == "" || strings.ContainsAny(change.Headline, "\r\n") {
		return refuse("the headline %q is not one line", change.Headline)
	}
	seen := map[string]bool{}
	paths := append([]string(nil), change.Deleted...)
	for _, f := range change.Files {
		paths = append(paths, f.Path)
	}
	for _, p := range paths {
		if !validPath(p) || seen[p] {
			return refuse("the path %q is not valid, or is there twice", p)
		}
		seen[p] = true
	}
	return nil
}
