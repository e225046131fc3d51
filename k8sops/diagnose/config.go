package diagnose

import (
	"regexp"
	"slices"
	"strings"
)

// What the kubelet says of things that a pod names and that are not there.
var (
	noConfigMap = regexp.MustCompile(`configmaps? "([^"]+)" not found`)
	noSecret    = regexp.MustCompile(`secrets? "([^"]+)" not found`)
	noKey       = regexp.MustCompile(`couldn't find key (\S+) in (ConfigMap|Secret) (?:[^/\s]+/)?(\S+)`)
	noMountKey  = regexp.MustCompile(`references non-existent (?:config|secret) key:? ?"?([^"\s]*)`)
	mounting    = regexp.MustCompile(`volume "([^"]+)"`)
)

// missing is one thing that a pod names and that is not there.
type missing struct {
	code   Code
	reason Reason
	kind   string
	name   string
	key    string
}

// missingIn reads what is missing out of the kubelet's words.
func missingIn(text string) (missing, bool) {
	lower := strings.ToLower(text)
	if m := noKey.FindStringSubmatch(text); m != nil {
		return missing{KeyMissing, MissingKey, m[2], strings.Trim(m[3], `".,`), m[1]}, true
	}
	if m := noMountKey.FindStringSubmatch(text); m != nil {
		kind := "ConfigMap"
		if strings.Contains(lower, "secret key") {
			kind = "Secret"
		}
		return missing{KeyMissing, MissingKey, kind, "", m[1]}, true
	}
	if m := noConfigMap.FindStringSubmatch(lower); m != nil {
		return missing{ConfigMapMissing, MissingConfigMap, "ConfigMap", m[1], ""}, true
	}
	if m := noSecret.FindStringSubmatch(lower); m != nil {
		return missing{SecretMissing, MissingSecret, "Secret", m[1], ""}, true
	}
	return missing{}, false
}

// configTrouble tells whether words are about something missing.
func configTrouble(text string) bool {
	_, is := missingIn(text)
	return is
}

// config explains ConfigMaps, Secrets and keys that a pod names and that are not there.
func config(s Snapshot) []Finding {
	if s.ready() || s.finished() {
		return nil
	}
	return slices.Concat(s.missingInContainers(), s.missingInVolumes())
}

func (s Snapshot) missingInContainers() []Finding {
	var found []Finding
	for _, c := range s.containers() {
		q, waits := s.configWords(c), c.waitingReason()
		m, is := missingIn(q.Text)
		switch {
		case is && c.status.State.Running == nil:
		case waits == "CreateContainerConfigError":
			m = missing{code: ConfigInvalid, reason: BadConfig}
		default:
			continue
		}
		f := s.missingFinding(m, q)
		f.Container, f.With["Container"] = c.Name, c.Name
		if waits != "" {
			f.see(SawState, "State", waits)
		}
		found = append(found, f)
	}
	return found
}

// configWords are what was said about a container's configuration: its own state, else the newest event about it.
func (s Snapshot) configWords(c container) Quote {
	said := Quote{By: "kubelet", Text: c.waitingMessage()}
	if configTrouble(said.Text) {
		return said
	}
	for _, e := range s.eventsOf(c, "Failed") {
		if configTrouble(e.Message) {
			return quoteOf(&e)
		}
	}
	return said
}

func (s Snapshot) missingInVolumes() []Finding {
	if s.started() {
		return nil
	}
	var found []Finding
	for _, e := range s.events("FailedMount") {
		m, is := missingIn(e.Message)
		if !is {
			continue
		}
		if m.name == "" {
			m.name = s.sourceOf(between(e.Message, `volume "`, `"`))
		}
		f := s.missingFinding(m, quoteOf(&e))
		f.see(SawEvent, "Reason", e.Reason, "Count", number(max(e.Count, 1)), "Age", age(s.At, lastSeen(&e)))
		if volume := mounting.FindStringSubmatch(e.Message); volume != nil {
			f.With["Volume"] = volume[1]
		}
		found = append(found, f)
	}
	return found
}

func (s Snapshot) missingFinding(m missing, q Quote) Finding {
	f := s.finding(m.code, m.reason, "Kind", m.kind, "Object", m.name, "Key", m.key, "Container", "")
	f.Quote = q
	return f
}

// sourceOf is the ConfigMap or Secret that a volume of the pod is made of.
func (s Snapshot) sourceOf(volume string) string {
	if s.Pod == nil {
		return ""
	}
	for _, v := range s.Pod.Spec.Volumes {
		switch {
		case v.Name != volume:
		case v.ConfigMap != nil:
			return v.ConfigMap.Name
		case v.Secret != nil:
			return v.Secret.SecretName
		}
	}
	return ""
}
