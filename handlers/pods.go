package handlers

import (
	"context"
	"strconv"
	"time"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/k8sops"
	"rtbot/lang"
)

// podLister reads how pods are, the worst first.
type podLister interface {
	Pods(ctx context.Context, of *k8sops.Object, most int) (k8sops.Pods, error)
}

// mostRows is how many rows of a table fit on a screen.
const mostRows = 20

// Pods is the verb that lists the pods, of all apps or of one, the worst first.
func Pods(apps appLister, cluster podLister, now func() time.Time) Command {
	answer := func(ctx context.Context, a Ask, of *k8sops.Object, name string) (chat.Card, error) {
		found, err := cluster.Pods(ctx, of, mostRows)
		if err != nil {
			return chat.Card{}, change.Unanswered(err)
		}
		return podsCard(a.Words, found, name, now()), nil
	}
	parse := func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{Request: "pods", Answer: func(ctx context.Context, a Ask) (chat.Card, error) { return answer(ctx, a, nil, "") }}, nil
		}
		name, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		line := func(n change.AppName) string { return "pods " + n.String() }
		return Action{Request: line(name), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			known, err := apps.Apps()
			if err != nil {
				return chat.Card{}, err
			}
			app, err := change.Resolve(name, known, line)
			if err != nil {
				return chat.Card{}, err
			}
			of := objectOf(app)
			return answer(ctx, a, &of, app.Name)
		}}, nil
	}
	return Command{Verb: "pods", Args: "[app]", Example: "pods gitea", Summary: "help.pods", Role: Viewer, Most: 1, Parse: parse}
}

func podsCard(w lang.Words, found k8sops.Pods, app string, now time.Time) chat.Card {
	card := answered(w, w.Count("pods.title", found.Total, nil))
	card.Mood = chat.Good
	if app != "" {
		card.Title = w.Count("pods.title-app", found.Total, lang.With{"App": app})
	}
	if found.Total == 0 {
		card.Mood, card.Title = chat.Neutral, w.Say("pods.none", nil)
		return card
	}
	if bad := found.Count[k8sops.Bad] + found.Count[k8sops.Unsettled]; bad > 0 {
		card.Mood, card.Title = chat.Careful, w.Count("pods.title-bad", bad, lang.With{"Total": found.Total})
	}
	card.Table = &chat.Table{Columns: []string{
		w.Say("pods.column-pod", nil), w.Say("pods.column-state", nil), w.Say("pods.column-ready", nil),
		w.Say("pods.column-restarts", nil), w.Say("pods.column-age", nil), w.Say("pods.column-node", nil),
	}}
	for _, p := range found.Worst {
		card.Table.Rows = append(card.Table.Rows, []string{
			podName(p, found.Worst), p.Reason, strconv.Itoa(p.Ready) + "/" + strconv.Itoa(p.Containers), strconv.Itoa(int(p.Restarts)),
			age(w, p.Created, now), p.Node,
		})
	}
	if more := found.Total - len(found.Worst); more > 0 {
		card.Text = []string{w.Count("pods.more", more, nil)}
	}
	return card
}

// podName names a pod, with its namespace where the others are not all of the same.
func podName(p k8sops.Pod, among []k8sops.Pod) string {
	for _, other := range among {
		if other.Namespace != p.Namespace {
			return p.Namespace + "/" + p.Name
		}
	}
	return p.Name
}
