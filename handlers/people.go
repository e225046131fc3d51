package handlers

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Role is what a person may ask for. A higher role includes the lower ones.
type Role int

// The roles. The zero value may do nothing.
const (
	Nobody   Role = iota
	Viewer        // reads
	Operator      // asks for changes
	Admin         // also approves
)

// Person is somebody the team knows, on whichever platform they speak.
type Person struct {
	// Name is how the configuration calls the person.
	Name string
	Role Role
	// Accounts are the person's immutable IDs by platform.
	Accounts map[string]string
}

// owns reports whether an account, as platform:id, is one of the person's.
func (p Person) owns(account string) bool {
	for platform, id := range p.Accounts {
		if platform+":"+id == account {
			return true
		}
	}
	return false
}

// People decides who somebody is: by platform and immutable ID, never by a display name or a room.
type People struct {
	Known []Person
	// Strangers is the role of an account that nobody is known by, by platform; Nobody where a platform is not in it.
	Strangers map[string]Role
}

// Who returns the person behind an account. A stranger has no name but the account's own ID.
func (p People) Who(u chat.User) (Person, error) {
	if u.ID == "" {
		return Person{}, refusal.New(refusal.Role, "refused.stranger", nil)
	}
	for _, known := range p.Known {
		if known.Accounts[u.Platform] == u.ID {
			return known, nil
		}
	}
	if role := p.Strangers[u.Platform]; role > Nobody {
		return Person{Name: u.ID, Role: role, Accounts: map[string]string{u.Platform: u.ID}}, nil
	}
	return Person{}, refusal.New(refusal.Role, "refused.stranger", nil)
}

// OtherAdmin reports whether an admin other than that person is known.
func (p People) OtherAdmin(than string) bool {
	for _, known := range p.Known {
		if known.Role >= Admin && known.Name != than {
			return true
		}
	}
	return false
}

// Team is the people as they are now: another list can take the place of one while the bot runs.
type Team struct{ current atomic.Pointer[People] }

// NewTeam makes a team.
func NewTeam(p People) *Team {
	t := &Team{}
	t.Set(p)
	return t
}

// Set puts another list in place; it counts for the next question.
func (t *Team) Set(p People) { t.current.Store(&p) }

// Now is the list that counts.
func (t *Team) Now() People { return *t.current.Load() }

// NameOf is the name of the person behind an account, as People.NameOf.
func (t *Team) NameOf(account string) string { return t.Now().NameOf(account) }

// allow refuses a person whose role is below the one that is needed. Nobody may do what needs no role: somebody forgot it.
func allow(p Person, need Role) error {
	if p.Role >= need && need > Nobody {
		return nil
	}
	if need == Admin {
		return refusal.New(refusal.Role, "refused.role-admin", nil)
	}
	return refusal.New(refusal.Role, "refused.role-operator", nil)
}

// NameOf is the name of the person behind an account that is given as platform:id, or the account where nobody is known.
func (p People) NameOf(account string) string {
	for _, known := range p.Known {
		if known.owns(account) {
			return known.Name
		}
	}
	return account
}

// isAdmin reports whether an account is that of an admin.
func (p People) isAdmin(account string) bool {
	return slices.ContainsFunc(p.Known, func(who Person) bool { return who.Role >= Admin && who.owns(account) })
}

// Gate decides about plans by the policy: a danger needs an admin other than the one who asked. The only admin confirms it
// alone.
type Gate struct {
	Team *Team
	// Vouch returns nil for a full member of a platform, and a refusal else; a nil Vouch vouches for everybody.
	Vouch func(ctx context.Context, u chat.User) error
}

// Permit refuses what somebody asked for, or agreed to, who has lost the right to since.
func (g Gate) Permit(ctx context.Context, asker, approver string) error {
	if err := g.holds(ctx, asker, Operator); err != nil || approver == "" {
		return err
	}
	return g.holds(ctx, approver, Admin)
}

// holds refuses where an account, as platform:id, has less than the role that is needed.
func (g Gate) holds(ctx context.Context, account string, need Role) error {
	platform, id, _ := strings.Cut(account, ":")
	u := chat.User{Platform: platform, ID: id}
	who, err := g.Team.Now().Who(u)
	if err != nil || allow(who, need) != nil {
		key := "refused.rights-asker"
		if need == Admin {
			key = "refused.rights-approver"
		}
		return refusal.New(refusal.Role, key, lang.With{"Who": g.Team.NameOf(account)})
	}
	if g.Vouch == nil {
		return nil
	}
	return g.Vouch(ctx, u)
}

// Decide lets a plain change pass, and has a danger approved.
func (g Gate) Decide(_ context.Context, asker string, p change.Plan) error {
	if p.Class != change.Danger {
		return nil
	}
	people := g.Team.Now()
	switch {
	case people.OtherAdmin(people.NameOf(asker)):
		return change.ErrNeedsApproval
	case people.isAdmin(asker):
		return change.ErrNeedsConfirmation
	}
	return refusal.New(refusal.Role, "refused.no-other-admin", nil)
}
