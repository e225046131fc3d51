package handlers

import (
	"context"
	"strconv"
	"strings"
	"time"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/k8sops"
	"rtbot/lang"
)

// nodeLister reads the nodes, the worst first.
type nodeLister interface {
	Nodes(ctx context.Context) ([]k8sops.Node, error)
}

// Nodes is the verb that lists the machines of the cluster.
func Nodes(cluster nodeLister, now func() time.Time) Command {
	answer := func(ctx context.Context, a Ask) (chat.Card, error) {
		nodes, err := cluster.Nodes(ctx)
		if err != nil {
			return chat.Card{}, change.Unanswered(err)
		}
		return nodesCard(a.Words, nodes, now()), nil
	}
	return Command{
		Verb: "nodes", Example: "nodes", Summary: "help.nodes", Role: Viewer,
		Parse: func([]string) (Action, error) { return Action{Request: "nodes", Answer: answer}, nil },
	}
}

func nodesCard(w lang.Words, nodes []k8sops.Node, now time.Time) chat.Card {
	card := answered(w, w.Count("nodes.title", len(nodes), nil))
	card.Mood = chat.Good
	card.Table = &chat.Table{Columns: []string{
		w.Say("nodes.column-node", nil), w.Say("nodes.column-state", nil), w.Say("nodes.column-cpu", nil), w.Say("nodes.column-memory", nil),
		w.Say("nodes.column-pods", nil), w.Say("nodes.column-version", nil), w.Say("nodes.column-age", nil),
	}}
	bad := 0
	for i := range nodes {
		n := &nodes[i]
		if !n.Good() {
			bad++
		}
		if i < mostRows {
			card.Table.Rows = append(card.Table.Rows, []string{
				nodeName(n), nodeState(w, n), n.AskedCPU.String() + "/" + n.CPU.String(), n.AskedMemory.String() + "/" + n.Memory.String(),
				strconv.Itoa(n.Pods), n.Version, age(w, n.Created, now),
			})
		}
		for _, p := range n.Problems {
			if p.Message != "" {
				card.Quotes = append(card.Quotes, chat.Quote{Label: n.Name + ", " + p.Type, Text: p.Message})
			}
		}
	}
	if bad > 0 {
		card.Mood, card.Title = chat.Careful, w.Count("nodes.title-bad", bad, lang.With{"Total": len(nodes)})
	}
	card.Text = []string{w.Say("nodes.asked", nil)}
	if more := len(nodes) - mostRows; more > 0 {
		card.Text = append(card.Text, w.Count("nodes.more", more, nil))
	}
	card.Quotes = card.Quotes[:min(len(card.Quotes), mostQuotes)]
	return card
}

// mostQuotes is how much of what others said fits on a screen.
const mostQuotes = 3

// nodeName is a node's name with its roles.
func nodeName(n *k8sops.Node) string {
	if len(n.Roles) == 0 {
		return n.Name
	}
	return n.Name + " (" + listOf(n.Roles) + ")"
}

// nodeState says all that is not as it should be about a node.
func nodeState(w lang.Words, n *k8sops.Node) string {
	var said []string
	if !n.Ready {
		said = append(said, w.Say("nodes.not-ready", nil))
	}
	for _, p := range n.Problems {
		if p.Type != "Ready" {
			said = append(said, p.Type)
		} else if p.Reason != "" {
			said = append(said, p.Reason)
		}
	}
	if n.Cordoned {
		said = append(said, w.Say("nodes.cordoned", nil))
	}
	if len(said) == 0 {
		return w.Say("nodes.ready", nil)
	}
	return strings.Join(said, ", ")
}
