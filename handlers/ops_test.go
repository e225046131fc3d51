package handlers_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/handlers/change"
	"rtbot/journal"
)

// An operation tells who asked, who decided, and when, in both languages.
func TestAnOperationTellsWhoAskedAndWhoDecided(t *testing.T) {
	tests := []struct {
		name     string
		decision change.Decision
		language string
		want     []string
	}{
		{"nobody had to decide", change.Decision{}, "en", []string{"Asked for by: alice (web:alice)"}},
		{"approved", change.Decision{Answer: change.Approve, By: "web:dave", Name: "dave"}, "en", []string{"Asked for by: alice (web:alice)", "Approved by: dave (web:dave)"}},
		{"confirmed", change.Decision{Answer: change.Confirm, By: "web:alice", Name: "alice"}, "en", []string{"Asked for by: alice (web:alice)", "Confirmed by: alice (web:alice)"}},
		{"refused", change.Decision{Answer: change.Decline, By: "web:dave", Name: "dave"}, "fr", []string{"Demandé par: alice (web:alice)", "Refusé par: dave (web:dave)"}},
		{"taken back", change.Decision{Answer: change.Withdraw, By: "web:alice", Name: "alice"}, "fr", []string{"Demandé par: alice (web:alice)", "Retiré par: alice (web:alice)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := fresh(t)
			b.engine.run = b.decided(t, tt.decision)
			op := b.receive(t, "k", "alice", "/rt scale gitea 0").Operation
			<-b.platform.final
			card := b.ask(t, "carol", "/rt ops "+op, tt.language)
			var got []string
			for _, f := range card.Facts {
				who, at, _ := strings.Cut(f.Value, ", ")
				if when, err := time.Parse("2006-01-02 15:04:05Z07:00", at); err == nil && time.Since(when) < time.Hour {
					got = append(got, f.Label+": "+who)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// decided is an engine that waits for nobody: the decision is there already.
func (b *bot) decided(t *testing.T, d change.Decision) func(ctx context.Context, op string, show func(change.View)) error {
	t.Helper()
	return func(ctx context.Context, op string, show func(change.View)) error {
		claim, _, err := b.journal.Claim(ctx, op)
		if err != nil {
			return err
		}
		if d.By != "" {
			detail, err := json.Marshal(d)
			if err != nil {
				return err
			}
			if err := errors.Join(claim.Intend(ctx, change.StepApprove, nil), claim.Done(ctx, change.StepApprove, detail)); err != nil {
				return err
			}
		}
		show(change.View{Operation: op, Outcome: change.Already})
		return claim.End(ctx, string(change.Already), []byte("{}"), journal.Entry{Actor: "bot", Event: "ended"})
	}
}
