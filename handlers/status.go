package handlers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/handlers/change"
	"rtbot/k8sops"
	"rtbot/lang"
)

// appLister knows the apps.
type appLister interface {
	Apps() ([]change.App, error)
}

// applicationReader is Argo CD's picture of one Application.
type applicationReader interface {
	Application(name string) (argocd.Application, error)
}

// workloadLister reads how the apps run.
type workloadLister interface {
	Workloads(ctx context.Context) ([]k8sops.Workload, error)
}

// statusApps knows the apps, where they are declared and whose a commit is.
type statusApps interface {
	appLister
	locator
}

// Status is the verb that shows how apps run, beside what Git says.
func Status(apps statusApps, argo applicationReader, cluster workloadLister, repo historian) Command {
	s := status{apps: apps, argo: argo, cluster: cluster, repo: repo}
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "status", Answer: s.all}, nil
		}
		name, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		return Action{Request: "status " + name.String(), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return s.one(ctx, a, name)
		}}, nil
	}
	return Command{
		Verb: "status", Args: "[app]", Example: "status gitea", Summary: "help.status", Role: Viewer, Most: 1, Parse: parse,
	}
}

type status struct {
	apps    statusApps
	argo    applicationReader
	cluster workloadLister
	repo    historian
}

// appState is an app as Argo CD and the cluster see it. Live is empty where the cluster has no such workload.
type appState struct {
	change.App
	argo argocd.Resource
	live k8sops.Workload
	// revision is the commit that the cluster was last compared with.
	revision string
}

func (s appState) good() bool {
	return s.argo.Sync == argocd.Synced && s.argo.Health == argocd.Healthy && s.live.Name != "" && s.live.Ready == s.live.Desired
}

func (s appState) ready() string { return fmt.Sprintf("%d/%d", s.live.Ready, s.live.Desired) }

// states reads all apps: one picture that is there anyway, and one round of lists.
func (s status) states(ctx context.Context, apps []change.App) ([]appState, error) {
	live, err := s.cluster.Workloads(ctx)
	if err != nil {
		return nil, fmt.Errorf("read workloads: %w", err)
	}
	byName := map[gitops.Object]k8sops.Workload{}
	for _, w := range live {
		byName[gitops.Object{Group: w.Group, Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}] = w
	}
	states := make([]appState, 0, len(apps))
	for _, app := range apps {
		state := appState{App: app, live: byName[app.Object]}
		a, err := s.argo.Application(app.Application)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", app.Application, err)
		}
		state.revision = a.Revision
		if i := slices.IndexFunc(a.Resources, func(r argocd.Resource) bool { return r.Object == app.Object }); i >= 0 {
			state.argo = a.Resources[i]
		}
		states = append(states, state)
	}
	return states, nil
}

func (s status) all(ctx context.Context, a Ask) (chat.Card, error) {
	apps, err := s.apps.Apps()
	if err != nil {
		return chat.Card{}, err
	}
	states, err := s.states(ctx, apps)
	if err != nil {
		return chat.Card{}, change.Unanswered(err)
	}
	// What is not as it should be stands first.
	slices.SortStableFunc(states, func(x, y appState) int { return rank(x) - rank(y) })
	w := a.Words
	bad := 0
	card := chat.Card{State: chat.Answered, Mood: chat.Good, Language: w.Tag(), Title: w.Count("status.title", len(states), nil)}
	if len(states) == 0 {
		card.Title = w.Say("status.none", nil)
		return card, nil
	}
	card.Table = &chat.Table{Columns: []string{
		w.Say("status.column-app", nil), w.Say("status.column-ready", nil), w.Say("status.column-sync", nil),
		w.Say("status.column-health", nil), w.Say("status.column-image", nil),
	}}
	for _, state := range states {
		bad += 1 - rank(state)
		card.Table.Rows = append(card.Table.Rows, []string{
			state.Name, state.ready(), syncName(w, state.argo.Sync), healthName(w, state.argo.Health), strings.Join(state.live.Images, ", "),
		})
	}
	if bad > 0 {
		card.Mood, card.Title = chat.Careful, w.Count("status.title-bad", bad, nil)
	}
	return card, nil
}

func rank(s appState) int {
	if s.good() {
		return 1
	}
	return 0
}

func (s status) one(ctx context.Context, a Ask, name change.AppName) (chat.Card, error) {
	apps, err := s.apps.Apps()
	if err != nil {
		return chat.Card{}, err
	}
	app, err := change.Resolve(name, apps, func(n change.AppName) string { return "status " + n.String() })
	if err != nil {
		return chat.Card{}, err
	}
	states, err := s.states(ctx, []change.App{app})
	if err != nil {
		return chat.Card{}, change.Unanswered(err)
	}
	card := statusCard(a.Words, states[0])
	card.Facts = append(card.Facts, chat.Fact{Label: a.Words.Say("status.last-change", nil), Value: s.lastChange(ctx, a.Words, app)})
	if states[0].argo.Sync == argocd.OutOfSync {
		drift := driftLine(change.AppName{Name: app.Name})
		card.Buttons = append(card.Buttons, chat.Button{Label: drift, Command: drift})
	}
	return card, nil
}

// lastChange says who changed the app last in Git, and when. Where Git does not answer the rest of the status still holds.
func (s status) lastChange(ctx context.Context, w lang.Words, app change.App) string {
	name := change.AppName{Namespace: app.Namespace, Kind: app.Kind, Name: app.Name}
	_, path, err := s.apps.Locate(ctx, name, driftLine)
	if err != nil {
		return w.Say("status.unknown", nil)
	}
	commits, err := s.repo.History(ctx, path, 1)
	if err != nil || len(commits) == 0 {
		return w.Say("status.unknown", nil)
	}
	who, _ := s.apps.Author(commits[0])
	return w.Say("status.change", lang.With{
		"Commit": shortSHA(commits[0].SHA), "Who": who, "When": commits[0].At.UTC().Format("2006-01-02 15:04:05Z07:00"), "What": headline(commits[0]),
	})
}

func statusCard(w lang.Words, s appState) chat.Card {
	with := lang.With{"App": s.Name, "Ready": s.live.Ready, "Desired": s.live.Desired}
	card := chat.Card{
		State: chat.Answered, Mood: chat.Good, Language: w.Tag(), Title: w.Say("status.app-good", with),
		Facts: []chat.Fact{
			{Label: w.Say("status.kind", nil), Value: s.Kind},
			{Label: w.Say("status.namespace", nil), Value: s.Namespace},
			{Label: w.Say("status.column-ready", nil), Value: s.ready()},
			{Label: w.Say("status.column-sync", nil), Value: syncName(w, s.argo.Sync)},
			{Label: w.Say("status.revision", nil), Value: shortSHA(s.revision)},
			{Label: w.Say("status.column-health", nil), Value: healthName(w, s.argo.Health)},
			{Label: w.Say("status.column-image", nil), Value: strings.Join(s.live.Images, ", ")},
			{Label: w.Say("card.application", nil), Value: s.Application},
		},
	}
	if !s.good() {
		card.Mood, card.Title = chat.Careful, w.Say("status.app-bad", with)
	}
	if s.argo.Message != "" {
		card.Quotes = []chat.Quote{{Label: w.Say("card.said", nil), Text: s.argo.Message}}
	}
	return card
}

func syncName(w lang.Words, s argocd.SyncStatus) string {
	switch s {
	case argocd.Synced:
		return w.Say("status.synced", nil)
	case argocd.OutOfSync:
		return w.Say("status.out-of-sync", nil)
	case argocd.SyncUnknown:
	}
	return w.Say("status.unknown", nil)
}

func healthName(w lang.Words, h argocd.Health) string {
	switch h {
	case argocd.Healthy:
		return w.Say("status.healthy", nil)
	case argocd.Progressing:
		return w.Say("status.progressing", nil)
	case argocd.Degraded:
		return w.Say("status.degraded", nil)
	case argocd.Suspended:
		return w.Say("status.suspended", nil)
	case argocd.Missing:
		return w.Say("status.missing", nil)
	}
	return w.Say("status.unknown", nil)
}
