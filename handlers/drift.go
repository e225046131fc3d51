package handlers

import (
	"context"
	"slices"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// drifter compares the cluster with Git.
type drifter interface {
	Refresh(ctx context.Context, application string) (argocd.Application, error)
	Drift(ctx context.Context, application string, only *gitops.Object) ([]argocd.Drift, error)
}

// Drift is the verb that says what differs from Git, field by field, and who changed it.
func Drift(apps appLister, argo drifter) Command {
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "drift", Answer: func(ctx context.Context, a Ask) (chat.Card, error) { return driftOfAll(ctx, a, apps, argo) }}, nil
		}
		name, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		return Action{Request: driftLine(name), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return driftOfOne(ctx, a, apps, argo, name)
		}}, nil
	}
	return Command{
		Verb: "drift", Args: "[app]", Example: "drift nginx-front", Summary: "help.drift", Role: Viewer, Most: 1, Parse: parse,
	}
}

func driftLine(a change.AppName) string { return "drift " + a.String() }

func driftOfOne(ctx context.Context, a Ask, apps appLister, argo drifter, name change.AppName) (chat.Card, error) {
	known, err := apps.Apps()
	if err != nil {
		return chat.Card{}, err
	}
	app, err := change.Resolve(name, known, driftLine)
	if err != nil {
		return chat.Card{}, err
	}
	found, err := compareApplication(ctx, argo, app.Application, &app.Object)
	if err != nil {
		return chat.Card{}, err
	}
	if len(found) == 0 {
		card := answered(a.Words, a.Words.Say("drift.app-none", map[string]any{"App": app.Name}))
		card.Mood = chat.Good
		return card, nil
	}
	return driftCard(a, found, known, a.Words.Count("drift.app", max(len(found[0].Fields), 1), map[string]any{"App": app.Name})), nil
}

func driftOfAll(ctx context.Context, a Ask, apps appLister, argo drifter) (chat.Card, error) {
	known, err := apps.Apps()
	if err != nil {
		return chat.Card{}, err
	}
	var found []argocd.Drift
	for _, application := range applicationsOf(known) {
		more, err := compareApplication(ctx, argo, application, nil)
		if err != nil {
			return chat.Card{}, err
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		card := answered(a.Words, a.Words.Say("drift.none", nil))
		card.Mood = chat.Good
		return card, nil
	}
	return driftCard(a, found, known, a.Words.Count("drift.title", len(found), nil)), nil
}

func applicationsOf(apps []change.App) []string {
	var names []string
	for _, app := range apps {
		names = append(names, app.Application)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// compareApplication compares with Git as it is now: a question about drift is no place for an old picture.
func compareApplication(ctx context.Context, argo drifter, application string, only *gitops.Object) ([]argocd.Drift, error) {
	a, err := argo.Refresh(ctx, application)
	if err != nil {
		return nil, change.Unanswered(err)
	}
	if message, bad := a.ComparisonError(); bad {
		return nil, refusal.New(refusal.ArgoCD, "failed.comparison", map[string]any{"Application": application}).Quoting(message)
	}
	drifted := func(r argocd.Resource) bool {
		return r.Sync == argocd.OutOfSync && (only == nil || r.Object == *only)
	}
	if !slices.ContainsFunc(a.Resources, drifted) {
		return nil, nil
	}
	found, err := argo.Drift(ctx, application, only)
	if err != nil {
		return nil, change.Unanswered(err)
	}
	return slices.DeleteFunc(found, func(d argocd.Drift) bool {
		return !slices.ContainsFunc(a.Resources, func(r argocd.Resource) bool { return r.Object == d.Object && drifted(r) })
	}), nil
}

// mostDrift is how many fields one card shows, and mostTakes how many buttons it has for them.
const (
	mostDrift = 30
	mostTakes = 6
)

func driftCard(a Ask, found []argocd.Drift, apps []change.App, title string) chat.Card {
	w := a.Words
	card := answered(w, title)
	card.Mood = chat.Careful
	card.Table = &chat.Table{Columns: []string{
		w.Say("drift.column-object", nil), w.Say("drift.column-field", nil), w.Say("drift.column-git", nil),
		w.Say("drift.column-cluster", nil), w.Say("drift.column-who", nil), w.Say("ops.column-when", nil),
	}}
	for _, d := range found {
		card.Table.Rows = append(card.Table.Rows, driftRows(a, d)...)
		if a.Person.Role >= Operator && slices.ContainsFunc(apps, func(app change.App) bool { return app.Object == d.Object }) {
			card.Buttons = append(card.Buttons, driftButtons(a, d)...)
		}
	}
	if more := len(card.Table.Rows) - mostDrift; more > 0 {
		card.Table.Rows = card.Table.Rows[:mostDrift]
		card.Text = append(card.Text, w.Count("drift.more", more, nil))
	}
	return card
}

func driftRows(a Ask, d argocd.Drift) [][]string {
	w := a.Words
	whole := func(key string) [][]string { return [][]string{{d.String(), w.Say(key, nil), "", "", "", ""}} }
	switch {
	case d.Missing:
		return whole("drift.missing")
	case d.Extra:
		return whole("drift.extra")
	}
	var rows [][]string
	for _, f := range d.Fields {
		when := ""
		if !f.At.IsZero() {
			when = f.At.UTC().Format("2006-01-02 15:04:05Z07:00")
		}
		git, live := orNone(f.Git), orNone(f.Live)
		if secret(d.Object, f) {
			git, live = w.Say("drift.hidden", nil), w.Say("drift.hidden", nil)
		}
		who := f.Manager
		if who == "" {
			who = w.Say("drift.nobody", nil)
		}
		rows = append(rows, []string{d.String(), shortField(f.Path, d.Name), git, live, who, when})
	}
	return rows
}

// secret reports whether a field's values are kept back.
func secret(o gitops.Object, f argocd.Field) bool {
	return o.Group == "" && o.Kind == "Secret" && len(f.Path) > 0 && (f.Path[0] == "data" || f.Path[0] == "stringData")
}

// driftButtons put an app back to what Git says, or take into Git what a verb can edit.
func driftButtons(a Ask, d argocd.Drift) []chat.Button {
	if d.Extra {
		return nil
	}
	back := syncLine(change.AppName{Name: d.Name})
	buttons := []chat.Button{{Label: a.Words.Say("button.put-back", map[string]any{"Command": back}), Command: back}}
	for _, command := range takes(d) {
		if len(buttons) < mostTakes {
			buttons = append(buttons, chat.Button{Label: a.Words.Say("button.take", map[string]any{"Command": command}), Command: command})
		}
	}
	return buttons
}
