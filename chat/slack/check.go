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
}

var (
	// needed are the scopes that the bot works with.
	needed = []string{"chat:write", "commands", "users:read"}
	// harmless are scopes that the bot can use and does without.
	harmless = []string{"app_mentions:read", "channels:read", "groups:read", "im:write", "files:write"}
)

// Check asks Slack what both tokens may do. It opens no connection.
func (s *Slack) Check(ctx context.Context) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	who, err := s.api.AuthTestContext(ctx)
	if err != nil {
		return Access{}, fmt.Errorf("bot token: %w", err)
	}
	found := Access{Team: who.Team}
	if _, _, err := s.api.StartSocketModeContext(ctx); err != nil {
		return found, fmt.Errorf("app token: %w", err)
	}
	has := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	for _, scope := range needed {
		if !slices.Contains(has, scope) {
			found.Missing = append(found.Missing, scope)
		}
	}
	for _, scope := range has {
		if !slices.Contains(needed, scope) && !slices.Contains(harmless, scope) {
			found.TooMany = append(found.TooMany, scope)
		}
	}
	return found, nil
}
