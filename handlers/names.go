package handlers

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"

	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// label is a DNS label of RFC 1123, which every Kubernetes name that we handle is.
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// reserved are labels that no app is meant by: "all" would be a pattern, the others are no file names everywhere.
var reserved = []string{"all", "con", "nul"}

// kinds are the ways in which people write the kind of an app before its name.
var kinds = map[string]string{
	"deployment": "Deployment", "deploy": "Deployment",
	"statefulset": "StatefulSet", "sts": "StatefulSet",
	"daemonset": "DaemonSet", "ds": "DaemonSet",
}

// parseApp reads how an app is named: NAME, KIND/NAME, NAMESPACE/NAME or NAMESPACE/KIND/NAME. Nothing in it is a pattern.
func parseApp(word string) (change.AppName, error) {
	parts := strings.Split(word, "/")
	bad := refusal.Misread(refusal.Name, "misread.name", lang.With{"Name": shown(word)}, "status").At(fieldApp)
	if len(parts) > 3 {
		return change.AppName{}, bad
	}
	for _, p := range parts {
		if !label.MatchString(p) || slices.Contains(reserved, p) {
			return change.AppName{}, bad
		}
	}
	name := change.AppName{Name: parts[len(parts)-1]}
	switch len(parts) {
	case 3:
		name.Namespace, name.Kind = parts[0], kinds[parts[1]]
		if name.Kind == "" {
			return change.AppName{}, bad
		}
	case 2:
		if name.Kind = kinds[parts[0]]; name.Kind == "" {
			name.Namespace = parts[0]
		}
	}
	return name, nil
}

// mostReplicas is above what anybody means.
const mostReplicas = 9999

// digits is a whole number of at most 19 digits without a needless zero: whatever is longer is no number of replicas.
var digits = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

// parseReplicas reads a number of replicas.
func parseReplicas(word string) (int32, error) {
	if !digits.MatchString(word) {
		return 0, refusal.Misread(refusal.Number, "misread.replicas", lang.With{"Value": shown(word)}).At("replicas")
	}
	n, err := strconv.ParseInt(word, 10, 32)
	if err != nil || n > mostReplicas {
		return 0, refusal.Misread(refusal.Range, "misread.replicas-range", lang.With{"Value": word, "Most": mostReplicas}).At("replicas")
	}
	return int32(n), nil
}

// nearest finds the word that was probably meant: at most two letters away, and nearer than half of its length.
func nearest(word string, among []string) (string, bool) {
	best, distance := "", 3
	for _, candidate := range among {
		if d := levenshtein.Distance(word, candidate, nil); d < distance && 2*d < len(candidate) {
			best, distance = candidate, d
		}
	}
	return best, best != ""
}
