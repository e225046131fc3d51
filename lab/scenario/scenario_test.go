package scenario_test

import (
	"errors"
	"regexp"
	"testing"

	"rtbot/lab/scenario"
)

func TestTheTableIsWhole(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	seen := map[string]bool{}
	for _, s := range scenario.All() {
		if s.Name == "" || s.App == "" || s.Reason != s.Name || s.Why == "" || !code.MatchString(s.Code) {
			t.Errorf("%+v is not whole", s)
		}
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		seen[s.Name] = true
	}
	if len(seen) != 31 {
		t.Errorf("got %d scenarios, want 31", len(seen))
	}
}

func TestAnUnknownScenarioIsRefused(t *testing.T) {
	t.Parallel()
	_, err := scenario.Break(t.Context(), &scenario.World{}, "boredom")
	if unknown, ok := errors.AsType[*scenario.UnknownError](err); !ok || unknown.Name != "boredom" {
		t.Errorf("got %v", err)
	}
}
