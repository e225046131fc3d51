package refusal_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The list that people read is the list that the code has, in its order and with its words.
func TestEveryCodeIsInTheConventions(t *testing.T) {
	t.Parallel()
	code := listed(t, "refusal.go", regexp.MustCompile(`Code = "(E_[A-Z_]+)"\s*// (.*)`))
	told := listed(t, "../../docs/CONVENTIONS.md", regexp.MustCompile("\\| `(E_[A-Z_]+)` \\| (.*) \\|"))
	if diff := cmp.Diff(code, told); diff != "" {
		t.Errorf("docs/CONVENTIONS.md tells otherwise (-code +docs):\n%s", diff)
	}
	if len(code) < 20 {
		t.Errorf("only %d codes were found", len(code))
	}
}

func listed(t *testing.T, path string, row *regexp.Regexp) [][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found [][]string
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1:])
	}
	return found
}
