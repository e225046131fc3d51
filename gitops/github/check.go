package github

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v92/github"
)

// Access is what the token can do with the repository, as far as GitHub says it without being asked to write.
type Access struct {
	// Head is the commit that the branch is at.
	Head string
	// Push says that contents may be written; for a token with permissions of its own, that its owner may.
	Push bool
	// Admin says that far more is allowed than the bot needs.
	Admin bool
	// Archived says that the repository is read-only.
	Archived bool
	// Protected says that the branch has rules or a protection, whatever they are.
	Protected bool
	// PullRequests says that the branch takes no direct commits from those who may not bypass its rules.
	PullRequests bool
	// Scopes are those of a classic token; other tokens have none.
	Scopes []string
	// Expires is when the token ends, or zero.
	Expires time.Time
}

// Check asks for the repository, the branch and its rules. An error tells the first of them that cannot be read.
func (r *Repository) Check(ctx context.Context) (Access, error) {
	var access Access
	err := r.read(ctx, func(ctx context.Context) error {
		repo, resp, err := r.client.Repositories.Get(ctx, r.owner, r.name)
		if err != nil {
			return err
		}
		access.Push, access.Admin = repo.GetPermissions().GetPush(), repo.GetPermissions().GetAdmin()
		access.Archived, access.Expires = repo.GetArchived(), resp.TokenExpiration.Time
		access.Scopes = scopes(resp.Header.Get("X-Oauth-Scopes"))
		return nil
	})
	if err != nil {
		return access, fmt.Errorf("repository: %w", err)
	}
	err = r.read(ctx, func(ctx context.Context) error {
		branch, _, err := r.client.Repositories.GetBranch(ctx, r.owner, r.name, r.branch, 1)
		access.Head, access.Protected = branch.GetCommit().GetSHA(), branch.GetProtected()
		return err
	})
	if err != nil {
		return access, fmt.Errorf("branch %s: %w", r.branch, err)
	}
	err = r.read(ctx, func(ctx context.Context) error {
		var rules *github.BranchRules
		rules, _, err := r.client.Repositories.ListRulesForBranch(ctx, r.owner, r.name, r.branch, nil)
		access.PullRequests = rules != nil && len(rules.PullRequest) > 0
		return err
	})
	if err != nil {
		return access, fmt.Errorf("rules of branch %s: %w", r.branch, err)
	}
	return access, nil
}

// scopes splits the list that comes with a classic token.
func scopes(header string) []string {
	if header == "" {
		return nil
	}
	return strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ' ' })
}
