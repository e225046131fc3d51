package handlers_test

import (
	"errors"
	"testing"

	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// Whoever asks for a danger needs another admin: another person, not another account.
func TestWhoDecidesAboutADanger(t *testing.T) {
	t.Parallel()
	alice := handlers.Person{Name: "alice", Role: handlers.Admin, Accounts: map[string]string{"web": "alice", "slack": "U1"}}
	dave := handlers.Person{Name: "dave", Role: handlers.Admin, Accounts: map[string]string{"web": "dave"}}
	bob := handlers.Person{Name: "bob", Role: handlers.Operator, Accounts: map[string]string{"web": "bob"}}
	tests := []struct {
		name  string
		known []handlers.Person
		asker string
		class change.Class
		want  error
		code  refusal.Code
	}{
		{"a plain change", []handlers.Person{alice, bob}, "web:bob", change.Change, nil, ""},
		{"an operator, with an admin", []handlers.Person{alice, bob}, "web:bob", change.Danger, change.ErrNeedsApproval, ""},
		{"an admin, with another", []handlers.Person{alice, dave}, "web:alice", change.Danger, change.ErrNeedsApproval, ""},
		{"the only admin", []handlers.Person{alice, bob}, "web:alice", change.Danger, change.ErrNeedsConfirmation, ""},
		{"the only admin, from another account", []handlers.Person{alice, bob}, "slack:U1", change.Danger, change.ErrNeedsConfirmation, ""},
		{"an operator, without an admin", []handlers.Person{bob}, "web:bob", change.Danger, nil, refusal.Role},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gate := handlers.Gate{Team: handlers.NewTeam(handlers.People{Known: tt.known})}
			got := gate.Decide(t.Context(), tt.asker, change.Plan{Class: tt.class})
			if refused, ok := refusal.Of(got); ok {
				if refused.Code != tt.code {
					t.Errorf("refused with %s, want %q", refused.Code, tt.code)
				}
				return
			}
			if !errors.Is(got, tt.want) || tt.code != "" {
				t.Errorf("got %v, want %v %s", got, tt.want, tt.code)
			}
		})
	}
}
