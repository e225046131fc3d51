package handlers

import (
	"bytes"
	"context"
	"slices"
	"strconv"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// logReader reads logs, and knows where pods are.
type logReader interface {
	podFinder
	Logs(ctx context.Context, q k8sops.LogQuery) (k8sops.Log, error)
}

// someLines is how many lines are shown where nobody says.
const someLines = 100

// Logs is the verb that shows what an app or a pod writes.
func Logs(apps appLister, cluster logReader) Command {
	c := Command{
		Verb: "logs", Args: "<app|pod> [previous] [since=1h] [tail=100] [grep=PATTERN] [container=NAME]", Example: "logs gitea since=1h grep=error",
		Summary: "help.logs", Role: Viewer, Most: 2, Keys: []string{"since", "tail", "grep", "container"},
	}
	c.Parse = func(words []string) (Action, error) {
		asked, err := parseLogs(c, words)
		if err != nil {
			return Action{}, err
		}
		return Action{Request: asked.line(asked.name), Answer: func(ctx context.Context, a Ask) (chat.Card, error) {
			return asked.answer(ctx, a, apps, cluster)
		}}, nil
	}
	return c
}

// logsAsked is which log, and which part of it.
type logsAsked struct {
	name change.AppName
	// query has no pod yet.
	query k8sops.LogQuery
	// given are the words that were given as key=value, as they are printed again.
	given                   string
	sinceClipped, tailClips bool
}

func parseLogs(c Command, words []string) (logsAsked, error) {
	alone, values := c.part(words)
	if len(alone) == 0 {
		return logsAsked{}, refusal.Misread(refusal.Args, "misread.target", nil, "pods")
	}
	asked := logsAsked{query: k8sops.LogQuery{Tail: someLines}}
	var err error
	if asked.name, err = parseApp(alone[0]); err != nil {
		return logsAsked{}, err
	}
	if len(alone) == 2 {
		if alone[1] != "previous" {
			return logsAsked{}, c.misread(refusal.Args, "misread.too-many", alone[1])
		}
		asked.query.Previous, asked.given = true, " previous"
	}
	for _, key := range c.Keys {
		if value, ok := values[key]; ok {
			if err := asked.set(key, value); err != nil {
				return logsAsked{}, err
			}
		}
	}
	return asked, nil
}

func (l *logsAsked) set(key, value string) (err error) {
	q := &l.query
	switch key {
	case "since":
		q.Since, l.sinceClipped, err = parseSince(value)
		value = printSince(q.Since)
	case "tail":
		q.Tail, l.tailClips, err = parseTail(value)
		value = strconv.Itoa(q.Tail)
	case "grep":
		q.Grep, err = parseGrep(value)
	case "container":
		if q.Container = value; !label.MatchString(value) {
			err = refusal.Misread(refusal.Name, "misread.container", lang.With{"Name": shown(value)})
		}
	}
	l.given += " " + key + "=" + quoteWord(value)
	return err
}

// line prints the command for a name.
func (l *logsAsked) line(n change.AppName) string { return "logs " + n.String() + l.given }

func (l *logsAsked) answer(ctx context.Context, a Ask, apps appLister, cluster logReader) (chat.Card, error) {
	t, err := find(ctx, apps, cluster, l.name, l.line)
	if err != nil {
		return chat.Card{}, err
	}
	q := l.query
	found := t.query()
	q.Namespace, q.Pod, q.Of = found.Namespace, found.Pod, found.Of
	log, err := cluster.Logs(ctx, q)
	if err != nil {
		return chat.Card{}, refusePod(t, err)
	}
	return l.card(a.Words, t, log), nil
}

func (l *logsAsked) card(w lang.Words, t target, log k8sops.Log) chat.Card {
	with := lang.With{"Pod": log.Pod, "Container": log.Container, "Bytes": log.Read}
	card := answered(w, w.Count("logs.title", len(log.Lines), with))
	card.Text = slices.Concat(t.notes(w), l.notes(w, log))
	switch {
	case log.Binary:
		card.Title = w.Say("logs.binary", with)
	case len(log.Lines) == 0:
		card.Title = w.Say("logs.none", with)
	default:
		card.Quotes = []chat.Quote{{
			Label: w.Say("logs.quote", with), Text: string(bytes.Join(log.Lines, []byte("\n"))), File: log.Pod + "-" + log.Container + ".log",
		}}
	}
	return card
}

// notes say what was left out.
func (l *logsAsked) notes(w lang.Words, log k8sops.Log) []string {
	var said []string
	if l.sinceClipped {
		said = append(said, w.Say("logs.since-clipped", nil))
	}
	if l.tailClips {
		said = append(said, w.Say("logs.tail-clipped", lang.With{"Most": k8sops.MostLogLines}))
	}
	if log.TimedOut {
		said = append(said, w.Say("logs.timed-out", nil))
	}
	if kept := len(log.Lines); !log.Binary && log.Matched > kept {
		said = append(said, w.Say("logs.newest", lang.With{"Kept": kept, "Matched": log.Matched}))
	}
	if log.CutLines > 0 {
		said = append(said, w.Count("logs.cut", log.CutLines, nil))
	}
	return said
}
