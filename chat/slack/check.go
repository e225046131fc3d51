package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Access is what the bot can do in Slack.
type Access struct {
	Team string
	// Missing are scopes that the bot needs and does not have; TooMany are scopes that it must not have.
	Missing []string
	TooMany []string
	// Without are scopes that the bot makes use of and does without.
	Without []string
}

var (
	// needed are the scopes that the bot works with.
	needed = []string{"chat:write", "commands", "users:read"}
	// useful are scopes that the bot makes use of and does without: no mentions then, and no long texts as files.
	useful = []string{"app_mentions:read", "files:write"}
)

// Check asks Slack what the tokens may do. It opens no connection.
func (s *Slack) Check(ctx context.Context) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	who, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return Access{}, fmt.Errorf("bot token: %w", err)
	}
	found := Access{Team: who.Team}
	if !s.doors.locked() { // over HTTP no connection is opened
		if _, _, err := s.api.StartSocketModeContext(ctx); err != nil {
			return found, fmt.Errorf("app token: %w", err)
		}
	}
	has := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	found.Missing, found.Without = without(needed, has), without(useful, has)
	found.TooMany = without(without(has, needed), useful)
	return found, nil
}

// without is what is in one list and not in the other.
func without(list, other []string) (found []string) {
	for _, scope := range list {
		if !slices.Contains(other, scope) {
			found = append(found, scope)
		}
	}
	return found
}
