package diagnose

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// oomReason is the kubelet's word for a container that went over its memory.
const oomReason = "OOMKilled"

// unstartable are the words for a container that was made and could not be started.
var unstartable = []string{"StartError", "RunContainerError", "ContainerCannotRun", "CreateContainerError"}

// crash explains containers that start and end, or that cannot be started.
func crash(s Snapshot) []Finding {
	var found []Finding
	for _, c := range s.containers() {
		if c.init && c.ended() != nil && c.ended().Reason != oomReason {
			continue // that is the init family's
		}
		if f, is := s.crashed(c); is {
			found = append(found, f)
		}
	}
	return found
}

func (s Snapshot) crashed(c container) (Finding, bool) {
	switch t := c.ended(); {
	case t != nil && t.Reason == oomReason:
		return s.outOfMemory(c, t), true
	case s.unstarted(c):
		return s.startFailed(c), true
	case c.waitingReason() == "CrashLoopBackOff", t != nil && !s.settled(c, t):
		return s.ending(c, t), true
	}
	return Finding{}, false
}

// settled tells whether a container that has ended once needs no explanation: it ended well, or runs again.
func (s Snapshot) settled(c container, t *corev1.ContainerStateTerminated) bool {
	return c.waitingReason() == "" && (t.ExitCode == 0 || c.status.State.Running != nil && s.ready())
}

func (s Snapshot) outOfMemory(c container, t *corev1.ContainerStateTerminated) Finding {
	f := s.finding(OOMKilled, OutOfMemory, "Container", c.Name, "Limit", limitOf(c), "Restarts", number(max(c.status.RestartCount, 0)))
	f.Container = c.Name
	if c.status.State.Running != nil && s.ready() {
		f.certainty = likely // it runs again, until the next time
	}
	if limit := limitOf(c); limit != "" {
		f.see(SawLimit, "Limit", limit)
	}
	f.see(SawExit, "ExitCode", number(t.ExitCode), "Restarts", number(max(c.status.RestartCount, 0)))
	s.lastWords(&f, c)
	return f
}

func limitOf(c container) string {
	if q, limited := c.Resources.Limits[corev1.ResourceMemory]; limited {
		return q.String()
	}
	return ""
}

// unstarted tells whether a container could not be started at all.
func (s Snapshot) unstarted(c container) bool {
	words := c.waitingReason()
	if t := c.ended(); t != nil && (words == "" || words == "CrashLoopBackOff") {
		words = t.Reason
	}
	return slices.Contains(unstartable, words) && !configTrouble(c.waitingMessage())
}

func (s Snapshot) startFailed(c container) Finding {
	said := c.waitingMessage()
	if t := c.ended(); t != nil && t.Message != "" {
		said = cut(t.Message)
	}
	if said == "" {
		for _, e := range s.eventsOf(c, "Failed") {
			said = e.Message
			break
		}
	}
	f := s.finding(StartFailed, crashReason(said), "Container", c.Name, "Restarts", number(max(c.status.RestartCount, 0)), "Image", c.image(),
		"ExitCode", exitOf(c))
	f.Container, f.Quote = c.Name, Quote{By: "kubelet", Text: said}
	f.see(SawState, "State", c.waitingReason())
	return f
}

func exitOf(c container) string {
	if t := c.ended(); t != nil {
		return number(t.ExitCode)
	}
	return ""
}

// crashReason tells a program for another CPU from one that ends.
func crashReason(said string) Reason {
	if strings.Contains(strings.ToLower(said), "exec format error") {
		return WrongPlatform
	}
	return CrashLoop
}

func (s Snapshot) ending(c container, t *corev1.ContainerStateTerminated) Finding {
	log := s.log(c.Name)
	f := s.finding(CrashLooping, crashReason(log), "Container", c.Name, "ExitCode", exitOf(c), "Image", c.image(),
		"Restarts", number(max(c.status.RestartCount, 0)))
	f.Container = c.Name
	switch {
	case t == nil:
		f.see(SawState, "State", c.waitingReason())
	case t.Signal > 0:
		f.see(SawSignal, "Signal", number(t.Signal), "Restarts", number(max(c.status.RestartCount, 0)))
	default:
		f.see(SawExit, "ExitCode", number(t.ExitCode), "Restarts", number(max(c.status.RestartCount, 0)))
	}
	if t != nil && t.Message != "" {
		f.Quote = Quote{By: c.Name, Text: cut(t.Message)}
	}
	s.lastWords(&f, c)
	return f
}

// log is what the container wrote before it ended, else what it writes now.
func (s Snapshot) log(name string) string {
	text := ""
	for _, l := range s.Logs {
		if l.Container == name && (text == "" || l.Previous) && strings.TrimSpace(l.Text) != "" {
			text = l.Text
		}
	}
	return text
}

// lastWords adds the end of the log, where nothing better is quoted.
func (s Snapshot) lastWords(f *Finding, c container) {
	text := strings.TrimRight(s.log(c.Name), "\n ")
	if text == "" {
		return
	}
	if f.Quote.Text == "" {
		f.Quote = Quote{By: c.Name, Text: cut(text)}
	}
	f.see(SawLog, "Lines", strconv.Itoa(strings.Count(text, "\n")+1))
}
