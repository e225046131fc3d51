package handlers

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// describer reads what a pod is like, and knows where pods are.
type describer interface {
	podFinder
	Describe(ctx context.Context, q k8sops.LogQuery) (k8sops.Description, error)
}

// Describe is the verb that says what a person needs to know of a pod, or of the pod of an app that wants a look most.
func Describe(apps appLister, cluster describer, now func() time.Time) Command {
	c := Command{
		Verb: "describe", Args: "<pod|app>", Example: "describe gitea", Summary: "help.describe", Role: Viewer, Most: 1,
	}
	line := func(n change.AppName) string { return "describe " + n.String() }
	c.Parse = func(words []string) (Action, error) {
		if len(words) == 0 {
			return Action{}, refusal.Misread(refusal.Args, "misread.target", nil, "pods")
		}
		name, err := parseApp(words[0])
		if err != nil {
			return Action{}, err
		}
		return Action{Request: line(name), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			t, err := find(ctx, apps, cluster, name, line)
			if err != nil {
				return chat.Card{}, err
			}
			d, err := cluster.Describe(ctx, t.query())
			if err != nil {
				return chat.Card{}, refusePod(t, err)
			}
			return describeCard(a.Words, t, d, now()), nil
		}}, nil
	}
	return c
}

func describeCard(w lang.Words, t target, d k8sops.Description, now time.Time) chat.Card {
	card := answered(w, w.Say("describe.title", lang.With{
		"Pod": d.Name, "Reason": d.Reason, "Ready": d.Ready, "Containers": d.Pod.Containers,
	}))
	card.Mood = map[k8sops.Grade]chat.Mood{k8sops.Bad: chat.Bad, k8sops.Unsettled: chat.Careful, k8sops.Fine: chat.Good}[d.Grade]
	card.Text = t.notes(w)
	if t.pod == "" {
		card.Text = append(card.Text, w.Say("describe.app", lang.With{"App": t.app.Name}))
	}
	card.Facts = describeFacts(w, d, now)
	card.Table = &chat.Table{Columns: []string{
		w.Say("describe.column-container", nil), w.Say("describe.column-state", nil), w.Say("describe.column-restarts", nil),
		w.Say("describe.column-image", nil), w.Say("describe.column-requests", nil), w.Say("describe.column-limits", nil),
	}}
	for _, c := range d.Containers {
		card.Table.Rows = append(card.Table.Rows, []string{
			c.Name, containerState(w, c, now), strconv.Itoa(int(c.Restarts)), c.Image, cmp.Or(c.Requests, "-"), cmp.Or(c.Limits, "-"),
		})
		if c.Message != "" {
			card.Quotes = append(card.Quotes, chat.Quote{Label: c.Name, Text: c.Message})
		}
	}
	card.Quotes = append(card.Quotes[:min(len(card.Quotes), mostQuotes)], happened(w, d, now)...)
	card.Buttons = []chat.Button{{Label: "logs " + d.Name, Command: "logs " + d.Namespace + "/" + d.Name}}
	return card
}

func describeFacts(w lang.Words, d k8sops.Description, now time.Time) []chat.Fact {
	volumes := make([]string, len(d.Volumes))
	for i, v := range d.Volumes {
		volumes[i] = v.String()
	}
	var facts []chat.Fact
	for _, f := range []struct{ key, value string }{
		{"status.namespace", d.Namespace},
		{"describe.node", d.Node},
		{"describe.owner", d.Owner},
		{"pods.column-age", age(w, d.Created, now)},
		{"describe.address", d.IP},
		{"describe.account", d.ServiceAccount},
		{"describe.volumes", listOf(volumes)},
	} {
		if f.value != "" {
			facts = append(facts, chat.Fact{Label: w.Say(f.key, nil), Value: f.value})
		}
	}
	return facts
}

// containerState says how a container is, since when, and how it ended before.
func containerState(w lang.Words, c k8sops.ContainerState, now time.Time) string {
	with := lang.With{"Reason": c.Reason, "Age": age(w, c.Since, now), "Last": c.Last}
	said := w.Say("describe.unknown", nil)
	switch {
	case c.State == k8sops.ContainerRuns && c.Ready:
		said = w.Say("describe.ready", with)
	case c.State == k8sops.ContainerRuns:
		said = w.Say("describe.runs", with)
	case c.State == k8sops.ContainerWaits:
		said = w.Say("describe.waits", with)
	case c.State == k8sops.ContainerEnded:
		said = w.Say("describe.ended", with)
	}
	if c.Last != "" {
		said += w.Say("describe.last", with)
	}
	if c.Init {
		said += w.Say("describe.init", nil)
	}
	return said
}

// happened quotes the conditions that do not hold, and the newest events, in the cluster's words.
func happened(w lang.Words, d k8sops.Description, now time.Time) []chat.Quote {
	var quotes []chat.Quote
	var lines []string
	for _, c := range d.Conditions {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s: %s %s", c.Type, c.Reason, c.Message)))
	}
	if len(lines) > 0 {
		quotes = append(quotes, chat.Quote{Label: w.Say("describe.conditions", nil), Text: strings.Join(lines, "\n")})
	}
	lines = nil
	if d.More > 0 {
		lines = append(lines, w.Count("describe.more-events", d.More, nil))
	}
	for _, e := range d.Events {
		times := ""
		if e.Count > 1 {
			times = " ×" + strconv.Itoa(int(e.Count))
		}
		lines = append(lines, age(w, e.Last, now)+"  "+e.Reason+times+": "+e.Message)
	}
	if len(d.Events) > 0 {
		quotes = append(quotes, chat.Quote{Label: w.Say("describe.events", nil), Text: strings.Join(lines, "\n")})
	}
	return quotes
}
