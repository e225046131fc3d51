package diagnose

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// pulling are the kubelet's words for a container whose image is not there.
var pulling = []string{
	"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable",
	"SignatureValidationFailed",
}

// pull explains images that cannot be pulled, a finding a container and root cause.
func pull(s Snapshot) []Finding {
	if s.finished() {
		return nil
	}
	var found []Finding
	for _, c := range s.containers() {
		if m, failing := s.pullMessage(c); failing {
			found = append(found, s.explainPull(c, m)...)
		}
	}
	if s.Pod == nil {
		found = append(found, s.pullWithoutPod()...)
	}
	return found
}

// pulled is the message about a failing pull that tells most.
type pulled struct {
	code  Code
	quote Quote
	event *corev1.Event
}

// pullMessage finds what was said about a container's pull. The state may only tell of the back-off: earlier events of the
// same container, and only of it, may still have the cause.
func (s Snapshot) pullMessage(c container) (pulled, bool) {
	events := s.eventsOf(c, "Failed", "BackOff", "InspectFailed", "ErrImageNeverPull", "ErrImagePull")
	events = slices.DeleteFunc(events, func(e corev1.Event) bool { return !aboutPull(e.Message) || configTrouble(e.Message) })
	waits := slices.Contains(pulling, c.waitingReason())
	stuck := len(events) > 0 && s.unstartedYet(c) && !s.pulledSince(c, &events[0])
	if !waits && !stuck {
		return pulled{}, false
	}
	best := pulled{code: Hidden}
	if waits {
		text := c.waitingReason() + ": " + c.waitingMessage()
		best.consider(text, c.image(), Quote{By: "kubelet", Text: strings.TrimSuffix(text, ": ")}, nil)
	}
	for i := range events {
		if e := &events[i]; !s.aboutOther(e, c) {
			best.consider(e.Message, c.image(), quoteOf(e), e)
		}
	}
	return best, true
}

// consider takes a message over where it tells more than the one before.
func (p *pulled) consider(text, image string, q Quote, e *corev1.Event) {
	if rankOf(p.code) == telling || text == "" {
		return
	}
	if code := Classify(text, image); rankOf(code) > rankOf(p.code) || p.quote.Text == "" {
		*p = pulled{code: code, quote: q, event: e}
	}
}

// unstartedYet tells whether a container has never run and the kubelet gives no other ground for that.
func (s Snapshot) unstartedYet(c container) bool {
	quiet := slices.Contains([]string{"", "ContainerCreating", "PodInitializing"}, c.waitingReason())
	return quiet && c.status.State.Running == nil && c.ended() == nil
}

// pulledSince tells whether the image came after an event.
func (s Snapshot) pulledSince(c container, e *corev1.Event) bool {
	good := s.eventsOf(c, "Pulled", "Created", "Started")
	return len(good) > 0 && lastSeen(&good[0]).After(lastSeen(e))
}

// aboutOther tells whether an event that names no container is about the image of another one of the pod.
func (s Snapshot) aboutOther(e *corev1.Event, c container) bool {
	if e.InvolvedObject.FieldPath != "" || strings.Contains(e.Message, c.image()) {
		return false
	}
	return slices.ContainsFunc(s.containers(), func(o container) bool {
		return o.Name != c.Name && o.image() != "" && strings.Contains(e.Message, o.image())
	})
}

// telling is the rank of a class that leaves nothing to look for.
const telling = 2

// rankOf orders classes by how much they tell.
func rankOf(c Code) int {
	if c == Hidden {
		return 0
	}
	if c == PullUnknown {
		return 1
	}
	return telling
}

func aboutPull(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"pull", "image", "manifest", "registry"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// pullWithoutPod explains events of a pod that is no longer there to be read.
func (s Snapshot) pullWithoutPod() []Finding {
	for _, e := range s.events("Failed") {
		if strings.Contains(e.Message, "Failed to pull image") {
			c := container{Container: corev1.Container{Name: fieldContainer(e.InvolvedObject.FieldPath), Image: between(e.Message, `image "`, `"`)}}
			return s.explainPull(c, pulled{code: Classify(e.Message, c.Image), quote: quoteOf(&e), event: &e})
		}
	}
	return nil
}

// explainPull gives the root causes of one container's pull.
func (s Snapshot) explainPull(c container, m pulled) []Finding {
	ref := Reference(c.image())
	a := access{Snapshot: s, container: c, pulled: m, host: ref.Host, answer: s.answerFor(c.image())}
	var found []Finding
	for i, reason := range a.causes() {
		f := s.finding(m.code, reason, "Container", c.Name, "Image", c.image(), "Repository", ref.Repository, "Tag", ref.Version(),
			"Host", ref.Host, "Secret", a.secretName(), "Account", cmp.Or(s.account(), "default"))
		f.Container, f.Quote = c.Name, m.quote
		if f.certainty = seen; i > 0 || m.code == Hidden && a.answer.Verdict == "" {
			f.certainty = likely
		}
		f.Checks = a.checks()
		a.evidence(&f)
		found = append(found, f)
	}
	return found
}

// answerFor is what the registry itself says about an image: with credentials where there are any.
func (s Snapshot) answerFor(image string) Answer {
	var best Answer
	for _, a := range s.Answers {
		if a.Image == image && (best.Verdict == "" || a.Secret != "") {
			best = a
		}
	}
	return best
}

func (s Snapshot) account() string {
	if s.Pod != nil {
		return s.Pod.Spec.ServiceAccountName
	}
	return ""
}

func between(text, open, end string) string {
	_, rest, found := strings.Cut(text, open)
	if !found {
		return ""
	}
	inner, _, _ := strings.Cut(rest, end)
	return inner
}
