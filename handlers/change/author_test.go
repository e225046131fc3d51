package change_test

import (
	"context"
	"strings"
	"testing"

	"rtbot/gitops"
	"rtbot/handlers/change"
	"rtbot/journal"
)

func TestWhoAskedIsBelievedOnlyWhereTheBotSigned(t *testing.T) {
	w := newWorld(t)
	op := w.ask("k")
	w.do(op, 2)
	engine := w.engine()
	app, path, err := engine.Locate(t.Context(), change.AppName{Name: "gitea"}, change.AppName.String)
	if err != nil || path != giteaFile || app.Application != "layer-03-apps" {
		t.Fatalf("got %v in %q, %v", app, path, err)
	}
	commits, err := w.github.History(t.Context(), path, 1)
	if err != nil || len(commits) != 1 {
		t.Fatalf("got %v, %v", commits, err)
	}
	if who, from := engine.Author(commits[0]); who != "alice" || from != op {
		t.Errorf("got %q by %q, want alice by %s", who, from, op)
	}
	forged := commits[0]
	forged.Message = strings.ReplaceAll(forged.Message, op+".", "00000000.")
	if who, from := engine.Author(forged); who != "rt-bot" || from != "" {
		t.Errorf("got %q by %q of a forged commit, want the author that Git names", who, from)
	}
	if who, from := engine.Author(gitops.Commit{Author: "dave", Message: "by hand\n\nRequested-by: alice (web:alice)"}); who != "dave" || from != "" {
		t.Errorf("got %q by %q of a commit by hand, want dave", who, from)
	}
}

func TestARequestCanBeLookedUpFirst(t *testing.T) {
	w := newWorld(t)
	op := w.ask("k")
	asked := change.Request{Verb: "undo", Find: func(_ context.Context, self journal.Operation) (change.Request, error) {
		if self.ID != op || self.Asker != "web:alice" {
			t.Errorf("got %+v, want the operation that asks", self)
		}
		return request("gitea", 3), nil
	}}
	var last change.View
	if err := w.engine().Run(t.Context(), op, asked, func(v change.View) { last = v }); err != nil {
		t.Fatal(err)
	}
	if last.Outcome != change.Verified || last.Plan.New != "3" {
		t.Errorf("got %s of %+v", last.Outcome, last.Plan)
	}
}
