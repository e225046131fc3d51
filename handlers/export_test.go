package handlers

import (
	"rtbot/gitops"
	"rtbot/handlers/change"
)

// Revert is the edit of undo, for tests.
func Revert(commit string, rewrites []gitops.Rewrite) change.Edit {
	return revert{commit: commit, rewrites: rewrites}
}
