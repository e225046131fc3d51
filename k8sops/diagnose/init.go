package diagnose

import corev1 "k8s.io/api/core/v1"

// initContainers explains an init container that does not end well: nothing after it starts.
func initContainers(s Snapshot) []Finding {
	var found []Finding
	for _, c := range s.containers() {
		t := c.ended()
		if !c.init || c.status.State.Running != nil && t == nil || t != nil && t.Reason == oomReason || !failedInit(c, t) {
			continue
		}
		f := s.finding(InitFailed, InitFailure, "Container", c.Name, "ExitCode", exitOf(c), "Image", c.image(),
			"Restarts", number(max(c.status.RestartCount, 0)))
		f.Container = c.Name
		if t != nil {
			f.see(SawExit, "ExitCode", number(t.ExitCode), "Restarts", number(max(c.status.RestartCount, 0)))
			if t.Message != "" {
				f.Quote = Quote{By: c.Name, Text: cut(t.Message)}
			}
		} else {
			f.see(SawState, "State", c.waitingReason())
		}
		s.lastWords(&f, c)
		found = append(found, f)
	}
	return found
}

func failedInit(c container, t *corev1.ContainerStateTerminated) bool {
	return c.waitingReason() == "CrashLoopBackOff" || t != nil && t.ExitCode != 0
}
