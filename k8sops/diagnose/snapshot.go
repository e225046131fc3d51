package diagnose

import (
	"path"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Snapshot is what was read about one pod, or about a workload that has none. Whatever is nil was not there or not read;
// Unread tells which.
type Snapshot struct {
	// At is when it was read.
	At  time.Time
	Pod *corev1.Pod
	// Events are those of the pod and of what owns it. Anybody with the right to make events can have written them.
	Events []corev1.Event

	ReplicaSet  *appsv1.ReplicaSet
	Deployment  *appsv1.Deployment
	StatefulSet *appsv1.StatefulSet
	DaemonSet   *appsv1.DaemonSet

	Account *corev1.ServiceAccount
	Secrets []PullSecret
	Node    *corev1.Node
	Claims  []corev1.PersistentVolumeClaim
	Quotas  []corev1.ResourceQuota
	Logs    []Log
	Answers []Answer
	Unread  []Unread
}

// PullSecret is what may be known of a secret that names credentials: never the credentials.
type PullSecret struct {
	Namespace string
	Name      string
	// Found is false where the cluster has no such secret.
	Found   bool
	Type    string
	Created time.Time
	// Opened tells that its content was read, and Hosts are the registries that it has an entry for.
	Opened bool
	Hosts  []string
	// Problem is why its content has no meaning; empty where it has.
	Problem string
}

// readable tells whether the kubelet uses a secret of this type and content: any other it passes over without a word.
func (p PullSecret) readable() bool {
	kind := corev1.SecretType(p.Type)
	return p.Problem == "" && (kind == "" || kind == corev1.SecretTypeDockerConfigJson || kind == corev1.SecretTypeDockercfg)
}

// covers tells whether the secret has an entry for a registry. An entry may be a pattern, as *.example.org.
func (p PullSecret) covers(host string) bool {
	return slices.ContainsFunc(p.Hosts, func(entry string) bool {
		fits, err := path.Match(entry, host)
		return entry == host || err == nil && fits
	})
}

// Log is the end of what a container wrote.
type Log struct {
	Container string
	// Previous marks the log of the run before this one.
	Previous bool
	Text     string
}

// Answer is what the registry itself answered about an image.
type Answer struct {
	Image string
	// Secret is the name of the secret whose credentials were used; empty where none were.
	Secret  string
	Verdict Verdict
	// Said is the registry's own words: untrusted text.
	Said string
	// Near are tags like the one that is not there.
	Near []string
	// Platforms are what the image is made for.
	Platforms []string
}

// Verdict is what a registry's answer means.
type Verdict string

// The verdicts of a registry.
const (
	Accepted       Verdict = "accepted"          // the image can be pulled like this
	RefusedCreds   Verdict = "refused"           // 401: the credentials are not good, or none were sent
	ExpiredCreds   Verdict = "expired"           // 401, and the registry says that they were good once
	ForbiddenCreds Verdict = "forbidden"         // 403, or known and without the right
	NoTag          Verdict = "no-tag"            // the repository has no such tag
	NoRepository   Verdict = "no-repository"     // there is no such repository
	DeniedOrGone   Verdict = "denied-or-missing" // the registry knows who asks, and hides which of the two it is
	TooMany        Verdict = "rate-limited"
	Unreachable    Verdict = "unreachable"
	BadTLS         Verdict = "tls"
	NotAsked       Verdict = "not-asked" // the registry is not one that the bot may ask
)

// Unread is something that could not be read, and why.
type Unread struct {
	What string
	Why  string
}

const (
	// mostEvents bounds what is looked at: the newest count.
	mostEvents = 500
	// mostText bounds one message.
	mostText = 4 << 10
)

// bounded cuts what is too much to look at, puts the newest event first, and drops what is about other objects.
func (s Snapshot) bounded() Snapshot {
	events := make([]corev1.Event, 0, len(s.Events))
	for i := range s.Events {
		if s.concerns(&s.Events[i]) {
			e := s.Events[i]
			e.Message = cut(e.Message)
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b corev1.Event) int { return lastSeen(&b).Compare(lastSeen(&a)) })
	s.Events = events[:min(len(events), mostEvents)]
	return s
}

// concerns tells whether an event is of the pod, of one of its owners or of one of its claims. One of an object with the
// same name and another UID is of a former one.
func (s Snapshot) concerns(e *corev1.Event) bool {
	o := e.InvolvedObject
	switch {
	case o.Kind == "Pod" && s.Pod != nil:
		return sameObject(o, s.Pod.Name, string(s.Pod.UID))
	case o.Kind == "ReplicaSet" && s.ReplicaSet != nil:
		return sameObject(o, s.ReplicaSet.Name, string(s.ReplicaSet.UID))
	}
	return true
}

func sameObject(o corev1.ObjectReference, name, uid string) bool {
	if o.UID != "" && uid != "" {
		return string(o.UID) == uid
	}
	return o.Name == name || o.Name == ""
}

// lastSeen is when an event was seen last, by whichever of its times is set. A time out of any reason counts as unknown.
func lastSeen(e *corev1.Event) time.Time {
	for _, t := range []time.Time{e.LastTimestamp.Time, seriesTime(e), e.EventTime.Time, e.FirstTimestamp.Time, e.CreationTimestamp.Time} {
		if t.Year() > 1970 && t.Year() < 9000 {
			return t
		}
	}
	return time.Time{}
}

func seriesTime(e *corev1.Event) time.Time {
	if e.Series == nil {
		return time.Time{}
	}
	return e.Series.LastObservedTime.Time
}

func cut(text string) string {
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "")
	}
	return text
}

// App is the name of what owns the pod as people call it: the Deployment, the StatefulSet, the DaemonSet, else the pod.
func (s Snapshot) App() string {
	switch {
	case s.Deployment != nil:
		return s.Deployment.Name
	case s.StatefulSet != nil:
		return s.StatefulSet.Name
	case s.DaemonSet != nil:
		return s.DaemonSet.Name
	case s.Pod != nil:
		return ownerName(s.Pod)
	case s.ReplicaSet != nil:
		return s.ReplicaSet.Name
	case len(s.Events) > 0:
		return s.Events[0].InvolvedObject.Name
	}
	return ""
}

// ownerName is the app's name as far as the pod alone tells it: a ReplicaSet's name is its Deployment's and a hash.
func ownerName(p *corev1.Pod) string {
	for _, o := range p.OwnerReferences {
		if o.Controller == nil || !*o.Controller {
			continue
		}
		if hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; o.Kind == "ReplicaSet" && hash != "" {
			return strings.TrimSuffix(o.Name, "-"+hash)
		}
		return o.Name
	}
	if p.Name == "" {
		return strings.TrimSuffix(p.GenerateName, "-")
	}
	return p.Name
}

// with names the pod and its app, beside what else a sentence needs, in pairs.
func (s Snapshot) with(pairs ...string) With {
	w := With{"App": s.App()}
	if s.Pod != nil {
		w["Pod"], w["Namespace"] = s.Pod.Name, s.Pod.Namespace
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		w[pairs[i]] = pairs[i+1]
	}
	return w
}

// finding begins a finding of a code and a reason.
func (s Snapshot) finding(code Code, reason Reason, pairs ...string) Finding {
	return Finding{Code: code, Reason: reason, With: s.with(pairs...), Fix: fixes[reason], certainty: seen}
}
