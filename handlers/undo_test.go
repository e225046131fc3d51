package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat/console"
	"rtbot/gitops"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
)

// fakeHistory is a repository that remembers what it is told.
type fakeHistory struct {
	commits  []gitops.Commit
	rewrites map[string][]gitops.Rewrite
}

func (f fakeHistory) History(_ context.Context, _ string, n int) ([]gitops.Commit, error) {
	return f.commits[:min(n, len(f.commits))], nil
}

func (f fakeHistory) Rewrites(_ context.Context, sha string) ([]gitops.Rewrite, error) {
	return f.rewrites[sha], nil
}

// located is where every app is declared, and who made a commit whose message begins with "bot".
type located struct{}

func (located) Locate(_ context.Context, name change.AppName, line func(change.AppName) string) (change.App, string, error) {
	app, err := change.Resolve(name, apps, line)
	return app, "k8s/gitea.yaml", err
}

func (located) Author(c gitops.Commit) (who, operation string) {
	if strings.HasPrefix(c.Message, "bot") {
		return "bob", "k7f3q2mz"
	}
	return c.Author, ""
}

// fakeOps are the operations of a journal, newest first.
type fakeOps []journal.Operation

func (f fakeOps) Operations(context.Context, int) ([]journal.Operation, error) { return f, nil }

func (f fakeOps) Operation(_ context.Context, id string) (journal.Operation, error) {
	for _, op := range f {
		if op.ID == id {
			return op, nil
		}
	}
	return journal.Operation{}, journal.ErrNotFound
}

// sha is the name of the nth commit.
func sha(n int) string { return fmt.Sprintf("%040x", n) }

// committedOp is an operation of somebody that made the nth commit; none where n is 0.
func committedOp(id, asker string, n int) journal.Operation {
	op := journal.Operation{ID: id, CreatedAt: noon.Add(time.Duration(n) * time.Minute), NewOperation: journal.NewOperation{Asker: asker}}
	op.Plan = []byte(`{"plan":{"app":{"Group":"apps","Kind":"Deployment","Namespace":"rt","Name":"gitea","Application":"layer-03-apps"}}}`)
	if n > 0 {
		op.Steps = []journal.Step{{Name: change.StepCommit, State: journal.Done, Detail: fmt.Appendf(nil, `{"SHA":%q}`, sha(n))}}
	}
	return op
}

func TestWhichCommitIsUndone(t *testing.T) {
	repo := fakeHistory{commits: []gitops.Commit{{SHA: sha(9)}}, rewrites: map[string][]gitops.Rewrite{}}
	for n := range 10 {
		repo.rewrites[sha(n)] = []gitops.Rewrite{{Path: "k8s/gitea.yaml", Before: fmt.Appendf(nil, "n: %d\n", n-1), After: fmt.Appendf(nil, "n: %d\n", n)}}
	}
	ops := fakeOps{
		committedOp("00000005", "web:carol", 5), committedOp("00000004", "web:bob", 4), committedOp("00000000", "slack:U1", 0),
		committedOp("00000003", "slack:U1", 3), committedOp("00000002", "web:alice", 2),
	}
	team := handlers.NewTeam(handlers.People{Known: []handlers.Person{{Name: "alice", Accounts: map[string]string{"web": "alice", "slack": "U1"}}}})
	tests := map[string]string{
		"undo":                  "3",
		"undo 00000004":         "4",
		"undo gitea":            "9",
		"undo deployment/gitea": "9",
		"undo 00000000":         "E_OPERATION refused.no-commit | ops 00000000",
		"undo gitae":            "E_NOT_FOUND refused.no-app-near | undo gitea",
		"undo zzzzzzzz":         "E_NOT_FOUND refused.no-app | status",
		"undo *":                "E_NAME misread.name | status",
	}
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			a, err := handlers.Undo(located{}, repo, ops, team).Parse(strings.Fields(line)[1:])
			if err != nil {
				if got := codeOf(err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				return
			}
			req, err := a.Change.Find(t.Context(), journal.Operation{ID: "self", CreatedAt: noon.Add(time.Hour), NewOperation: journal.NewOperation{Asker: "web:alice"}})
			if err != nil {
				if got := codeOf(err); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				return
			}
			e, err := req.Edit.Apply([]gitops.File{{Path: "k8s/gitea.yaml", Data: []byte("n: " + want + "\n")}}, apps[0].Object)
			if err != nil || len(e.Files) != 1 || req.App.Name != "gitea" {
				t.Errorf("got %+v of %v, %v; want the commit %s undone", e, req.App, err, want)
			}
		})
	}
	_, err := handlers.Undo(located{}, repo, nil, team).Parse(nil)
	if err != nil {
		t.Error(err)
	}
}

func TestACommitIsTakenBackFromTodaysFile(t *testing.T) {
	const before = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gitea}\nspec:\n  replicas: 1\n  paused: false\n  template: {spec: {containers: [{name: gitea, image: a}]}}\n"
	replace := func(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }
	after := replace(before, "replicas: 1", "replicas: 2")
	tests := map[string]struct {
		before, after, now string
		want, field        string
	}{
		"nothing came after":        {before, after, after, before, "replicas 2 -> 1 at 5"},
		"another line came after":   {before, after, replace(after, "paused: false", "paused: true"), replace(before, "paused: false", "paused: true"), "replicas 2 -> 1 at 5"},
		"lines were added above":    {before, after, "# one\n# two\n" + after, "# one\n# two\n" + before, "replicas 2 -> 1 at 7"},
		"the same line came after":  {before, after, replace(after, "replicas: 2", "replicas: 5"), "", "E_CHANGED refused.undo-lines"},
		"it was taken back before":  {before, after, before, before, "commit c -> c^ at 1"},
		"two values at once":        {before, replace(after, "image: a", "image: b"), replace(after, "image: a", "image: b"), before, "replicas, image 2, b -> 1, a at 5"},
		"only a comment":            {before, "# why\n" + before, "# why\n" + before, before, "commit c -> c^ at 1"},
		"a line that was taken out": {after, replace(after, "  replicas: 2\n", ""), replace(after, "  replicas: 2\n", ""), after, "replicas - -> 2 at 5"},
		"a request and its limit": {
			withMemory("256Mi", "512Mi"), withMemory("300Mi", "600Mi"), withMemory("300Mi", "600Mi"), withMemory("256Mi", "512Mi"),
			"memory 300Mi:600Mi -> 256Mi:512Mi at 5",
		},
		"windows' line endings": {crlf(before), crlf(after), crlf(after), crlf(before), "replicas 2 -> 1 at 5"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			edit := handlers.Revert("c", []gitops.Rewrite{{Path: "gitea.yaml", Before: []byte(test.before), After: []byte(test.after)}})
			e, err := edit.Apply([]gitops.File{{Path: "gitea.yaml", Data: []byte(test.now)}}, apps[0].Object)
			if err != nil {
				if got := codeOf(err); got != test.field {
					t.Errorf("got %q, want %q", got, test.field)
				}
				return
			}
			got := test.now
			if len(e.Files) > 0 {
				got = string(e.Files[0].Data)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if said := fmt.Sprintf("%s %s -> %s at %d", e.Field, e.Old, e.New, e.Line); said != test.field {
				t.Errorf("got %q, want %q", said, test.field)
			}
		})
	}
}

func withMemory(request, limit string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: gitea}\nspec: {template: {spec: {containers: [{name: gitea, resources: {\n" +
		"requests: {memory: " + request + "}, limits: {memory: " + limit + "}}}]}}}\n"
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestTheLaterLinesAreShown(t *testing.T) {
	edit := handlers.Revert("c", []gitops.Rewrite{{Path: "a.yaml", Before: []byte("x: 1\n"), After: []byte("x: 2\n")}})
	_, err := edit.Apply([]gitops.File{{Path: "a.yaml", Data: []byte("x: 3\n")}}, apps[0].Object)
	refused, ok := refusal.Of(err)
	if !ok || refused.Quote != "- x: 2\n+ x: 3" || refused.With["Line"] != 1 {
		t.Errorf("got %+v", refused)
	}
}

func TestAWholeFileIsNotBroughtBack(t *testing.T) {
	for name, rewrites := range map[string][]gitops.Rewrite{
		"a file that was made":          {{Path: "a.yaml"}},
		"a file of another folder":      {{Path: "b.yaml", Before: []byte("x"), After: []byte("y")}},
		"a commit that touched nothing": nil,
	} {
		_, err := handlers.Revert("c", rewrites).Apply([]gitops.File{{Path: "a.yaml", Data: []byte("x: 3\n")}}, apps[0].Object)
		if got := codeOf(err); got != "E_LAYOUT refused.undo-file" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestTheHistoryNamesWhoAsked(t *testing.T) {
	repo := fakeHistory{commits: []gitops.Commit{
		{SHA: sha(3), Author: "rt-bot", At: noon, Message: "bot: set replicas from 1 to 2\n\nRequested-by: bob"},
		{SHA: sha(2), Author: "mallory", At: noon.Add(-time.Hour), Message: "by hand\u202e\n\nRequested-by: alice"},
	}}
	var both strings.Builder
	for _, tag := range []string{"en", "fr"} {
		card, err := put(t, handlers.History(located{}, repo), tag, "gitea")
		if err != nil {
			t.Fatal(err)
		}
		both.WriteString(console.Render(card) + "\n")
	}
	golden(t, "history", both.String())
}
