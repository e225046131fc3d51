package diagnose

import (
	"strconv"
	"time"
)

// EvidenceKind is the kind of a fact, which a sentence is made of.
type EvidenceKind string

// The kinds of facts.
const (
	SawEvent      EvidenceKind = "event"       // Reason, Count, Age
	SawExit       EvidenceKind = "exit"        // ExitCode, Restarts
	SawSignal     EvidenceKind = "signal"      // Signal, Restarts
	SawLimit      EvidenceKind = "limit"       // Limit
	SawState      EvidenceKind = "state"       // State: the kubelet's word
	SawLog        EvidenceKind = "log"         // Line: the last line that says something
	SawProbe      EvidenceKind = "probe"       // Probe: what is asked, and how often
	SawNodes      EvidenceKind = "nodes"       // Count, Clause: nodes that do not take the pod
	SawRequest    EvidenceKind = "request"     // Resource, Wanted
	SawQuota      EvidenceKind = "quota"       // Quota, Resource, Used, Hard
	SawFinalizer  EvidenceKind = "finalizer"   // Finalizer
	SawDeleted    EvidenceKind = "deleted"     // Age
	SawNode       EvidenceKind = "node"        // Node, State
	SawClaim      EvidenceKind = "claim"       // Claim, State, Class
	SawCondition  EvidenceKind = "condition"   // Condition, State
	SawNear       EvidenceKind = "near"        // Tags
	SawPlatforms  EvidenceKind = "platforms"   // Platforms, Node
	SawSecretAge  EvidenceKind = "secret-age"  // Secret, Age
	SawHosts      EvidenceKind = "hosts"       // Secret, Hosts
	SawType       EvidenceKind = "type"        // Secret, Type
	SawElsewhere  EvidenceKind = "elsewhere"   // Secret, Other
	SawAccount    EvidenceKind = "account"     // Account, Secret: the ServiceAccount names a secret that the pod does not
	SawAccounting EvidenceKind = "accountless" // Account: the ServiceAccount names no secret
)

// EvidenceKinds are all kinds of facts.
func EvidenceKinds() []EvidenceKind {
	return []EvidenceKind{
		SawEvent, SawExit, SawSignal, SawLimit, SawState, SawLog, SawProbe, SawNodes, SawRequest, SawQuota, SawFinalizer, SawDeleted,
		SawNode, SawClaim, SawCondition, SawNear, SawPlatforms, SawSecretAge, SawHosts, SawType, SawElsewhere, SawAccount, SawAccounting,
	}
}

// see adds a fact, with its values in pairs.
func (f *Finding) see(kind EvidenceKind, pairs ...string) {
	w := With{}
	for i := 0; i+1 < len(pairs); i += 2 {
		w[pairs[i]] = pairs[i+1]
	}
	f.Evidence = append(f.Evidence, Evidence{Kind: kind, With: w})
}

// age is how long ago something was, in units that both languages have; empty where that is not known.
func age(now, then time.Time) string {
	d := now.Sub(then)
	switch {
	case then.IsZero() || then.Year() < 1970 || d < 0 || d > 100*365*24*time.Hour:
		return ""
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	}
	return strconv.Itoa(int(d.Hours())) + " h"
}

func number(n int32) string { return strconv.Itoa(int(n)) }
