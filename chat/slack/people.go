package slack

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

const (
	// profileAge is how long what Slack says of a person is believed.
	profileAge = time.Minute
	// profileTime is how long asking for it may take before a request is stored without it.
	profileTime = 800 * time.Millisecond
	// mostProfiles bounds how many are remembered.
	mostProfiles = 10_000
)

// people remembers for a while what Slack says of the people who ask.
type people struct {
	api *slack.Client
	now func() time.Time

	mu    sync.Mutex
	known map[string]profile
}

type profile struct {
	locale   string
	outsider bool
	asked    time.Time
}

func newPeople(api *slack.Client, now func() time.Time) *people {
	return &people{api: api, now: now, known: map[string]profile{}}
}

// languages are a person's, or none where Slack does not say in time.
func (p *people) languages(ctx context.Context, id string) []string {
	ctx, cancel := context.WithTimeout(ctx, profileTime)
	defer cancel()
	found, err := p.ask(ctx, id)
	if err != nil || found.locale == "" {
		return nil
	}
	return []string{found.locale}
}

func (p *people) ask(ctx context.Context, id string) (profile, error) {
	if found, ok := p.remembered(id); ok {
		return found, nil
	}
	u, err := p.api.GetUserInfoContext(ctx, id)
	if err != nil {
		return profile{}, fmt.Errorf("ask who %s is: %w", id, err)
	}
	found := profile{
		locale: u.Locale, asked: p.now(),
		outsider: u.Deleted || u.IsRestricted || u.IsUltraRestricted || u.IsStranger || u.IsBot || u.IsInvitedUser,
	}
	p.remember(id, found)
	return found, nil
}

func (p *people) remembered(id string) (profile, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.known[id]
	return found, ok && p.now().Sub(found.asked) < profileAge
}

func (p *people) remember(id string, found profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostProfiles {
		clear(p.known)
	}
	p.known[id] = found
}

// Vouch returns nil for a full, active member of the workspace, chat.ErrOutsider for a guest, a deactivated account, a bot or
// somebody of another workspace, and another error where Slack does not say.
func (s *Slack) Vouch(ctx context.Context, u chat.User) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, err := s.people.ask(ctx, u.ID)
	if err != nil {
		return err
	}
	if found.outsider {
		return chat.ErrOutsider
	}
	return nil
}
