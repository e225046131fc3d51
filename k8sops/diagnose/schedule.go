package diagnose

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// schedule explains a pod that no node takes, in the scheduler's own arithmetic: how many nodes say no, and why.
func schedule(s Snapshot) []Finding {
	text, event := s.unscheduled()
	if text == "" {
		return nil
	}
	var found []Finding
	for i, c := range clausesOf(text) {
		f := s.finding(c.code, c.reason, "Count", strconv.Itoa(c.nodes), "Total", totalOf(text), "Resource", c.resource, "Taint", c.taint,
			"Claim", c.claim, "Clause", c.text, "Node", s.pinnedNode())
		f.Quote = Quote{By: "scheduler", Text: text}
		if event != nil {
			f.Quote = quoteOf(event)
		}
		if f.certainty = seen; i > 0 {
			f.certainty = likely
		}
		f.see(SawNodes, "Count", strconv.Itoa(c.nodes), "Total", totalOf(text), "Clause", c.text)
		if wanted := s.wants(corev1.ResourceName(c.resource)); wanted != "" {
			f.With["Wanted"] = wanted
			f.see(SawRequest, "Resource", c.resource, "Wanted", wanted)
		}
		s.claimEvidence(&f, c.claim)
		found = append(found, f)
	}
	return found
}

// unscheduled is what the scheduler says about the pod; empty where it has a node.
func (s Snapshot) unscheduled() (string, *corev1.Event) {
	if s.Pod != nil && (s.Pod.Spec.NodeName != "" || s.Pod.Status.Phase != corev1.PodPending && s.Pod.Status.Phase != "") {
		return "", nil
	}
	events := s.events("FailedScheduling")
	if text := s.notScheduled(); text != "" {
		if len(events) > 0 && events[0].Message == text {
			return text, &events[0]
		}
		return text, nil
	}
	if len(events) == 0 || s.scheduledSince(&events[0]) {
		return "", nil
	}
	return events[0].Message, &events[0]
}

// notScheduled is what the pod's own condition says; empty where it says nothing.
func (s Snapshot) notScheduled() string {
	if s.Pod == nil {
		return ""
	}
	for _, c := range s.Pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return cut(c.Message)
		}
	}
	return ""
}

// scheduledSince tells whether the pod got a node after an event.
func (s Snapshot) scheduledSince(e *corev1.Event) bool {
	scheduled := s.events("Scheduled")
	return len(scheduled) > 0 && lastSeen(&scheduled[0]).After(lastSeen(e))
}

// clause is one ground on which nodes say no.
type clause struct {
	text     string
	nodes    int
	code     Code
	reason   Reason
	resource string
	taint    string
	claim    string
	weight   int
}

var (
	counted      = regexp.MustCompile(`^(\d+) (.*)$`)
	insufficient = regexp.MustCompile(`(?i)insufficient ([a-z0-9./-]+)`)
	tainted      = regexp.MustCompile(`taint\(?s?\)? \{([^}]*)\}`)
	claimed      = regexp.MustCompile(`persistentvolumeclaims? "([^"]+)"`)
	totalNodes   = regexp.MustCompile(`^\d+/(\d+) nodes`)
)

func totalOf(text string) string {
	if m := totalNodes.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// clausesOf reads the scheduler's message: one clause a root cause, the one that matters most first. What preemption
// would not have changed is left out.
func clausesOf(text string) []clause {
	all, _ := strconv.Atoi(totalOf(text)) // 0 where the message does not say
	_, grounds, found := strings.Cut(text, "nodes are available:")
	if !found {
		grounds = text
	}
	grounds, _, _ = strings.Cut(grounds, "preemption:")
	var clauses []clause
	for _, part := range splitGrounds(grounds) {
		c := clause{text: part, nodes: all}
		if m := counted.FindStringSubmatch(part); m != nil {
			c.text = m[2]
			c.nodes, _ = strconv.Atoi(m[1]) // digits, by the expression
		}
		if c.judge() {
			clauses = append(clauses, c)
		}
	}
	slices.SortStableFunc(clauses, func(a, b clause) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.nodes, a.nodes))
	})
	var first []clause
	for _, c := range clauses {
		if !slices.ContainsFunc(first, func(o clause) bool { return o.reason == c.reason }) {
			first = append(first, c)
		}
	}
	return first
}

// splitGrounds parts the grounds at commas that stand in no braces.
func splitGrounds(text string) []string {
	var parts []string
	depth, start := 0, 0
	for i, r := range text {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ',' && depth == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	parts = append(parts, text[start:])
	for i := range parts {
		parts[i] = strings.Trim(parts[i], " .")
	}
	return parts
}

// judge gives a clause its root cause; false where it is none that anybody knows. Nodes that are never for pods like this
// one weigh least: a control plane says no to everything.
func (c *clause) judge() bool {
	text := strings.ToLower(c.text)
	c.code, c.weight = Unschedulable, 2
	for _, ground := range grounds {
		if ground.words.in(text) {
			ground.means(c)
			return true
		}
	}
	c.reason, c.resource, c.weight = UnschedulableResource, c.text, 0
	return text != ""
}

// grounds are what a clause can be about, by its words.
var grounds = []struct {
	words pattern
	means func(c *clause)
}{
	{compile(`persistentvolume|volume node affinity|unbound`), (*clause).judgeVolume},
	{compile(`insufficient [a-z]`), (*clause).judgeResource},
	{compile(`too many pods|free ports|max volume count`), func(c *clause) { c.reason, c.resource = UnschedulableResource, c.text }},
	{compile(`taint|unschedulable`), (*clause).judgeTaint},
	{compile(`affinity|selector|topology spread|didn't match`), func(c *clause) { c.reason = UnschedulableAffinity }},
}

func (c *clause) judgeVolume() {
	c.code, c.reason, c.weight = VolumeUnbound, UnboundVolume, 3
	if m := claimed.FindStringSubmatch(c.text); m != nil {
		c.claim = m[1]
	}
}

func (c *clause) judgeResource() {
	c.resource = insufficient.FindStringSubmatch(strings.ToLower(c.text))[1]
	c.reason = map[string]Reason{"cpu": UnschedulableCPU, "memory": UnschedulableMemory}[c.resource]
	if c.reason == "" {
		c.reason = UnschedulableResource
	}
}

func (c *clause) judgeTaint() {
	c.reason = UnschedulableTaint
	if m := tainted.FindStringSubmatch(c.text); m != nil {
		c.taint = strings.Trim(m[1], " :")
	}
	switch {
	case strings.Contains(c.taint, "control-plane"), strings.Contains(c.taint, "role.kubernetes.io/master"):
		c.weight = 1
	case strings.Contains(c.taint, "node.kubernetes.io/not-ready"), strings.Contains(c.taint, "node.kubernetes.io/unreachable"):
		c.code, c.reason = NodeDown, NodeNotReady
	}
}

// wants is how much of a resource the pod asks for.
func (s Snapshot) wants(name corev1.ResourceName) string {
	if s.Pod == nil || name == "" {
		return ""
	}
	sum := corev1.ResourceList{}
	for _, c := range s.Pod.Spec.Containers {
		request, asked := c.Resources.Requests[name]
		if !asked {
			request, asked = c.Resources.Limits[name]
		}
		if total := sum[name]; asked {
			total.Add(request)
			sum[name] = total
		}
	}
	if total, asked := sum[name]; asked {
		return total.String()
	}
	return ""
}

// pinnedNode is the one node that the pod wants; empty where it takes any.
func (s Snapshot) pinnedNode() string {
	if s.Pod == nil {
		return ""
	}
	return s.Pod.Spec.NodeSelector[corev1.LabelHostname]
}
