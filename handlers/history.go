package handlers

import (
	"context"
	"strings"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// mostHistory is how many commits the history shows.
const mostHistory = 10

// History is the verb that lists the commits that touched an app, newest first, with who asked for each.
func History(apps locator, repo historian) Command {
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{}, refusal.Misread(refusal.Args, "misread.app", nil, "status")
		}
		name, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		return Action{Request: historyLine(name), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return history(ctx, a, apps, repo, name)
		}}, nil
	}
	return Command{
		Verb: "history", Args: "<app>", Example: "history gitea", Summary: "help.history", Role: Viewer, Most: 1, Parse: parse,
	}
}

func historyLine(a change.AppName) string { return "history " + a.String() }

func history(ctx context.Context, a Ask, apps locator, repo historian, name change.AppName) (chat.Card, error) {
	app, path, err := apps.Locate(ctx, name, historyLine)
	if err != nil {
		return chat.Card{}, err
	}
	commits, err := repo.History(ctx, path, mostHistory)
	if err != nil {
		return chat.Card{}, change.RefuseGitHub(err)
	}
	w := a.Words
	card := answered(w, w.Count("history.title", len(commits), map[string]any{"App": app.Name}))
	card.Facts = []chat.Fact{{Label: w.Say("card.file", nil), Value: path}}
	if len(commits) == 0 {
		return card, nil
	}
	card.Table = &chat.Table{Columns: []string{
		w.Say("history.column-commit", nil), w.Say("ops.column-when", nil), w.Say("ops.column-who", nil),
		w.Say("history.column-what", nil), w.Say("ops.column-id", nil),
	}}
	for _, c := range commits {
		who, operation := apps.Author(c)
		card.Table.Rows = append(card.Table.Rows, []string{shortSHA(c.SHA), c.At.UTC().Format("2006-01-02 15:04:05Z07:00"), who, headline(c), operation})
	}
	if a.Person.Role >= Operator {
		command := undoLine(name)
		card.Buttons = []chat.Button{{Label: command, Command: command}}
	}
	return card, nil
}

// headline is the first line of a commit's message.
func headline(c gitops.Commit) string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	return shown(line)
}

func shortSHA(sha string) string { return sha[:min(len(sha), 8)] }
