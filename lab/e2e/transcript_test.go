//go:build e2e

package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// TestTranscripts says the lines of each transcript and compares all that is answered. A transcript reads as a terminal
// does: a line after "$ " is said, after "% " it is said to prepare and its answer is not shown, and "[op]" in it is the
// operation that was answered last. What differs from run to run stands in brackets.
func TestTranscripts(t *testing.T) {
	serve(t)
	labSays(t, "mend", "no-secret", "--dir", labDir) // mon-app runs, whichever tests came before
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %d transcripts, error %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want))
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// replay says the lines of a transcript and writes it anew.
func replay(t *testing.T, transcript string) string {
	t.Helper()
	var out strings.Builder
	operation := ""
	for line := range strings.Lines(transcript) {
		line = strings.TrimSuffix(line, "\n")
		sign, typed, _ := strings.Cut(line, " ")
		if sign != "$" && sign != "%" {
			continue
		}
		out.WriteString(line + "\n")
		got := say(t, arguments(strings.ReplaceAll(typed, "[op]", operation))...)
		if got.status == 1 {
			t.Fatalf("%s: %s%s", line, got.out, got.err)
		}
		if found := operationID.FindStringSubmatch(got.out); found != nil {
			operation = found[1]
		}
		if sign == "$" {
			out.WriteString(steady(got.out) + "\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n") + "\n"
}

// arguments parts what `bot say` takes from the line that it says.
func arguments(line string) []string {
	if !strings.HasPrefix(line, "--") {
		return []string{"--", line}
	}
	words := strings.SplitN(line, " ", 3)
	return append(words[:2], arguments(words[2])...)
}

var operationID = regexp.MustCompile(`/rt approve (\w{8})`)

// unsteady is what differs from run to run.
var unsteady = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{40}`), "[commit]"},
	{regexp.MustCompile(`(Commit ?:) [0-9a-f]{8} `), "$1 [commit] "},
	{regexp.MustCompile(`(Compared with:|Comparé à :) [0-9a-f]{8}`), "$1 [commit]"},
	{regexp.MustCompile(`\([0-9a-f]{8}, `), "([commit], "},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://[lab]"},
	{regexp.MustCompile(`\((\d+ms|[\d.]+s)(, [^)]*)?\)`), "([time]$2)"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`), "[when]"},
	{regexp.MustCompile(`(/rt (?:approve|refuse|cancel|ops|undo)|card,|[Oo]peration|opération) [0-9a-z]{8}\b`), "$1 [op]"},
	{regexp.MustCompile(`\([0-9a-z]{8}\)\.`), "([op])."},
	{regexp.MustCompile(`gitea-[0-9a-z]{8,10}-[0-9a-z]{5}\b`), "gitea-[pod]"},
}

func steady(text string) string {
	for _, u := range unsteady {
		text = u.pattern.ReplaceAllString(text, u.name)
	}
	return text
}
