package diagnose

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// probe explains containers that run and do not answer as their probes want, and those that are ended for it.
func probe(s Snapshot) []Finding {
	if s.Pod == nil || s.ready() || s.finished() || s.Pod.DeletionTimestamp != nil {
		return nil
	}
	var found []Finding
	for _, c := range s.containers() {
		if f, is := s.unhealthy(c); is {
			found = append(found, f)
		}
	}
	return found
}

func (s Snapshot) unhealthy(c container) (Finding, bool) {
	event, kind := s.unhealthyEvent(c)
	if !s.probed(c) || !s.failsProbe(c, event) {
		return Finding{}, false
	}
	if event == nil {
		kind = "readiness"
	}
	f := s.finding(ProbeFailed, FailingProbe, "Container", c.Name, "Probe", kind, "Restarts", number(max(c.status.RestartCount, 0)))
	f.Container = c.Name
	if event == nil {
		f.certainty = likely
	} else {
		f.Quote = quoteOf(event)
		f.see(SawEvent, "Reason", event.Reason, "Count", number(max(event.Count, 1)), "Age", age(s.At, lastSeen(event)))
	}
	if what := describeProbe(c, kind); what != "" {
		f.see(SawProbe, "Probe", kind, "What", what)
	}
	if c.status.State.Running == nil {
		s.lastWords(&f, c)
	}
	return f, true
}

// probed tells whether a container is one that a probe can be the trouble of.
func (s Snapshot) probed(c container) bool {
	t := c.ended()
	return !c.init && !c.status.Ready && !s.unstarted(c) && (t == nil || t.Reason != oomReason)
}

// failsProbe tells whether a probe is why: an event says so, or the container runs, was never restarted, and has a probe
// that decides whether it is ready.
func (s Snapshot) failsProbe(c container, event *corev1.Event) bool {
	running := c.status.State.Running != nil
	if event != nil {
		return running || s.killedByProbe(c)
	}
	return running && c.ReadinessProbe != nil && c.status.RestartCount == 0
}

// unhealthyEvent is the newest complaint of a probe, that which ends the container first.
func (s Snapshot) unhealthyEvent(c container) (event *corev1.Event, kind string) {
	events := s.eventsOf(c, "Unhealthy", "ProbeWarning")
	for _, kind := range []string{"liveness", "startup", "readiness"} {
		for i := range events {
			if strings.HasPrefix(strings.ToLower(events[i].Message), kind) {
				return &events[i], kind
			}
		}
	}
	return nil, ""
}

// killedByProbe tells whether the kubelet ended the container because of a probe.
func (s Snapshot) killedByProbe(c container) bool {
	for _, e := range s.eventsOf(c, "Killing", "Unhealthy") {
		said := strings.ToLower(e.Message)
		named := strings.Contains(e.Message, c.Name) || fieldContainer(e.InvolvedObject.FieldPath) == c.Name
		if named && (strings.Contains(said, "liveness") || strings.Contains(said, "startup")) {
			t := c.ended()
			return t == nil || t.ExitCode == 137 || t.ExitCode == 143 || t.ExitCode == 0 || e.Reason == "Killing"
		}
	}
	return false
}

// describeProbe is what the probe asks, as GET :8080/healthz.
func describeProbe(c container, kind string) string {
	p := map[string]*corev1.Probe{"liveness": c.LivenessProbe, "readiness": c.ReadinessProbe, "startup": c.StartupProbe}[kind]
	switch {
	case p == nil:
		return ""
	case p.HTTPGet != nil:
		return fmt.Sprintf("GET :%s%s", p.HTTPGet.Port.String(), p.HTTPGet.Path)
	case p.TCPSocket != nil:
		return "TCP :" + p.TCPSocket.Port.String()
	case p.GRPC != nil:
		return fmt.Sprintf("gRPC :%d", p.GRPC.Port)
	case p.Exec != nil:
		return cut(strings.Join(p.Exec.Command, " "))
	}
	return ""
}
