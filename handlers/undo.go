package handlers

import (
	"context"
	"errors"
	"fmt"

	"rtbot/gitops"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/lang"
)

// locator knows where an app is declared, and whose a commit is.
type locator interface {
	Locate(ctx context.Context, name change.AppName, line func(change.AppName) string) (change.App, string, error)
	Author(c gitops.Commit) (who, operation string)
}

// historian reads what was committed.
type historian interface {
	History(ctx context.Context, path string, n int) ([]gitops.Commit, error)
	Rewrites(ctx context.Context, sha string) ([]gitops.Rewrite, error)
}

// Undo is the verb that takes a change back: that of an operation, the newest that touched an app, or one's own newest.
func Undo(apps locator, repo historian, ops operationLister, team *Team) Command {
	u := undo{apps: apps, repo: repo, ops: ops, team: team}
	parse := func(words []string) (Action, error) {
		what := ""
		if len(words) > 0 {
			what = words[0]
			if _, err := parseApp(what); err != nil {
				return Action{}, err
			}
		}
		made := &change.Request{Verb: "undo", Line: undoLine}
		made.Find = func(ctx context.Context, self journal.Operation) (change.Request, error) {
			return u.find(ctx, self, what)
		}
		request := "undo"
		if what != "" {
			request += " " + what
		}
		return Action{Request: request, Change: made}, nil
	}
	return Command{
		Verb: "undo", Args: "[operation|app]", Example: "undo gitea", Summary: "help.undo", Role: Operator, Most: 1, Parse: parse,
	}
}

func undoLine(a change.AppName) string { return "undo " + a.String() }

type undo struct {
	apps locator
	repo historian
	ops  operationLister
	team *Team
}

// find looks up which commit is meant and what it did.
func (u undo) find(ctx context.Context, self journal.Operation, what string) (change.Request, error) {
	if what == "" {
		return u.own(ctx, self)
	}
	if operationID.MatchString(what) {
		op, err := u.ops.Operation(ctx, what)
		if err == nil {
			return u.operation(ctx, op)
		}
		if !errors.Is(err, journal.ErrNotFound) {
			return change.Request{}, err
		}
	}
	name, err := parseApp(what)
	if err != nil {
		return change.Request{}, err
	}
	app, path, err := u.apps.Locate(ctx, name, undoLine)
	if err != nil {
		return change.Request{}, err
	}
	newest, err := u.repo.History(ctx, path, 1)
	if err != nil {
		return change.Request{}, change.RefuseGitHub(err)
	}
	if len(newest) == 0 {
		return change.Request{}, refusal.New(refusal.NotFound, "refused.no-history", lang.With{"App": app.Name, "Path": path})
	}
	return u.commit(ctx, app, newest[0].SHA)
}

// own finds the newest change that the same person asked for before.
func (u undo) own(ctx context.Context, self journal.Operation) (change.Request, error) {
	const far = 200
	all, err := u.ops.Operations(ctx, far)
	if err != nil {
		return change.Request{}, err
	}
	name := u.team.NameOf(self.Asker)
	for _, op := range all {
		if op.ID == self.ID || op.CreatedAt.After(self.CreatedAt) || u.team.NameOf(op.Asker) != name {
			continue
		}
		whole, err := u.ops.Operation(ctx, op.ID)
		if err != nil {
			return change.Request{}, err
		}
		if v, err := change.Recall(whole); err == nil && v.Commit.SHA != "" {
			return u.operation(ctx, whole)
		}
	}
	return change.Request{}, refusal.New(refusal.NotFound, "refused.nothing-to-undo", nil, "ops")
}

func (u undo) operation(ctx context.Context, op journal.Operation) (change.Request, error) {
	v, err := change.Recall(op)
	if err != nil {
		return change.Request{}, err
	}
	if v.Commit.SHA == "" {
		return change.Request{}, refusal.New(refusal.Operation, "refused.no-commit", lang.With{"Operation": op.ID}, "ops "+op.ID)
	}
	return u.commit(ctx, v.Plan.App, v.Commit.SHA)
}

func (u undo) commit(ctx context.Context, app change.App, sha string) (change.Request, error) {
	rewrites, err := u.repo.Rewrites(ctx, sha)
	if err != nil {
		return change.Request{}, change.RefuseGitHub(fmt.Errorf("undo: %w", err))
	}
	return change.Request{
		Verb: "undo", Edit: revert{commit: sha[:8], rewrites: rewrites}, Line: undoLine,
		App: change.AppName{Namespace: app.Namespace, Kind: app.Kind, Name: app.Name},
	}, nil
}
