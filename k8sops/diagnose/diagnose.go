// Package diagnose explains why a pod does not run. It is given a Snapshot of what the cluster and the registry said, and
// returns Findings: codes, parameters and evidence, the most likely first. It is pure: it reads nothing, waits for
// nothing, says no sentence, and gives the same answer every time.
package diagnose

import (
	"cmp"
	"slices"
)

// Finding is one explanation of why a pod does not run.
type Finding struct {
	// Code is the class of what was seen; for pulls, of the registry's message.
	Code Code
	// Reason is the root cause.
	Reason Reason
	// Container is empty where the finding is of the whole pod.
	Container string
	// With are the names and numbers that a sentence about it may use.
	With With
	// Evidence is what the finding rests on, in the order in which it convinces.
	Evidence []Evidence
	// Checks are the four steps for a failing pull; nil for other families.
	Checks []Check
	// Quote is what the cluster or the registry said, word for word: untrusted text.
	Quote Quote
	Fix   Fix

	certainty certainty
}

// With are named values: names of the cluster, numbers, quantities. They are untrusted text.
type With map[string]string

// Evidence is one fact.
type Evidence struct {
	Kind EvidenceKind
	With With
}

// Quote is what somebody else said, and who.
type Quote struct {
	By   string
	Text string
}

// certainty orders findings: what was seen before what is concluded, and that before what may be.
type certainty int

const (
	possible certainty = iota
	likely
	seen
)

// Explain gives every finding about a Snapshot, the most likely first; none where nothing is wrong.
func Explain(s Snapshot) []Finding {
	s = s.bounded()
	var found []Finding
	for _, d := range decoders {
		found = append(found, d.decode(s)...)
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(b.certainty, a.certainty) })
	return distinct(found)
}

// distinct keeps the first finding of each reason.
func distinct(found []Finding) []Finding {
	var kept []Finding
	for _, f := range found {
		same := func(k Finding) bool { return k.Reason == f.Reason }
		if !slices.ContainsFunc(kept, same) {
			kept = append(kept, f)
		}
	}
	return kept
}

// decoder explains one family of failures.
type decoder struct {
	name   string
	decode func(Snapshot) []Finding
}

// decoders are all families, in the order in which a pod meets them: of two findings that are equally certain, the one
// that comes earlier in a pod's life explains the other.
var decoders = []decoder{
	{"deletion", deletion},
	{"eviction", eviction},
	{"quota", quota},
	{"schedule", schedule},
	{"volume", volume},
	{"node", node},
	{"config", config},
	{"pull", pull},
	{"init", initContainers},
	{"probe", probe},
	{"crash", crash},
	{"rollout", rollout},
}

// Decoders are the names of the families, in their order.
func Decoders() []string {
	names := make([]string, len(decoders))
	for i, d := range decoders {
		names[i] = d.name
	}
	return names
}
