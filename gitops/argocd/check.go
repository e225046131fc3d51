package argocd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/account"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apiclient/version"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Access is what the bot's account can do in Argo CD. Whether it may restart something is not in it: Argo CD does not answer
// that for a single resource action, and a restart that it refuses says so.
type Access struct {
	Version string
	// Unseen are listed Applications that the account does not see.
	Unseen []string
	// TooMany are rights that the bot has and must not have, as the policy writes them.
	TooMany []string
}

// right is one line of Argo CD's policy.
type right struct{ resource, action, object string }

// String writes a right as the policy does.
func (r right) String() string { return r.resource + ", " + r.action + ", " + r.object }

// never are rights that the bot must not have about an Application: with one of them a stolen token would be worth more
// than a commit. To read a project is to read its repositories' credentials (CVE-2025-55190).
func never(project, name string) []right {
	app := project + "/" + name
	return []right{
		{"applications", "override", app},
		{"applications", "create", app},
		{"applications", "update", app},
		{"applications", "delete", app},
		{"exec", "create", app},
		{"projects", "get", project},
		{"projects", "update", project},
		{"repositories", "get", "any"},
		{"repositories", "update", "any"},
		{"clusters", "get", "any"},
		{"clusters", "update", "any"},
		{"accounts", "update", "any"},
	}
}

// Check asks Argo CD what the bot sees and may do.
func (c *Client) Check(ctx context.Context) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	v, err := version.NewVersionServiceClient(c.conn).Version(ctx, &emptypb.Empty{})
	if err != nil {
		return Access{}, fmt.Errorf("ask for the version: %w", outside(err))
	}
	found := Access{Version: v.Version}
	for _, name := range c.config.Applications {
		a, err := c.apps.Get(ctx, &application.ApplicationQuery{Name: &name})
		if err != nil {
			found.Unseen = append(found.Unseen, name)
			continue
		}
		for _, r := range never(a.Spec.Project, name) {
			allowed, err := c.can(ctx, r)
			if err != nil {
				return found, fmt.Errorf("ask for the right %s: %w", r, err)
			}
			if allowed && !slices.Contains(found.TooMany, r.String()) {
				found.TooMany = append(found.TooMany, r.String())
			}
		}
	}
	return found, nil
}

func (c *Client) can(ctx context.Context, r right) (bool, error) {
	got, err := account.NewAccountServiceClient(c.conn).CanI(ctx, &account.CanIRequest{Resource: r.resource, Action: r.action, Subresource: r.object})
	if err != nil {
		return false, outside(err)
	}
	return got.Value == "yes", nil
}
