package k8sops

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
)

// Access is what the bot's account can do in the cluster.
type Access struct {
	Version string
	// Missing are rights that the bot needs and does not have; TooMany are rights that it must not have.
	Missing []string
	TooMany []string
}

// needed are the rights that the bot works with, in each of its namespaces.
var needed = []authorizationv1.ResourceRule{
	{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
	{APIGroups: []string{""}, Resources: []string{"resourcequotas", "limitranges", "events", "nodes"}, Verbs: []string{"list"}},
	{APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets", "daemonsets"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{"apps"}, Resources: []string{"replicasets"}, Verbs: []string{"list"}},
	{APIGroups: []string{""}, Resources: []string{"serviceaccounts", "nodes"}, Verbs: []string{"get"}},
	{APIGroups: []string{""}, Resources: []string{"persistentvolumeclaims"}, Verbs: []string{"list"}},
	{APIGroups: []string{"policy"}, Resources: []string{"poddisruptionbudgets"}, Verbs: []string{"list"}},
	{APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"}, Verbs: []string{"list"}},
}

// reading are the verbs that change nothing.
var reading = []string{"get", "list", "watch"}

// everybody are resources that every account may create, to ask about itself.
var everybody = []string{"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}

// Check asks the cluster what the bot may do in each of its namespaces.
func (c *Cluster) Check(ctx context.Context) (Access, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var v version.Info
	if err := c.fetch(ctx, "/version", &v); err != nil {
		return Access{}, err
	}
	found := Access{Version: v.GitVersion}
	for _, ns := range c.namespaces {
		review, err := c.client.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
			Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: ns},
		}, metav1.CreateOptions{})
		if err != nil {
			return found, outside("review the rights in "+ns, err)
		}
		missing, tooMany := judge(ns, review.Status.ResourceRules)
		missing = append(missing, c.unreadableSecrets(ns, review.Status.ResourceRules)...)
		found.Missing, found.TooMany = append(found.Missing, missing...), append(found.TooMany, tooMany...)
	}
	return found, nil
}

// judge holds the rights in a namespace against what is needed and what is never wanted.
func judge(ns string, rules []authorizationv1.ResourceRule) (missing, tooMany []string) {
	for _, n := range needed {
		for resource, verb := range pairs(n) {
			granted := func(r authorizationv1.ResourceRule) bool { return grants(r, n.APIGroups[0], resource, verb) }
			if !slices.ContainsFunc(rules, granted) {
				missing = append(missing, fmt.Sprintf("%s %s in %s", verb, resource, ns))
			}
		}
	}
	for _, r := range rules {
		for resource, verb := range pairs(r) {
			if excessive(r, resource, verb) {
				tooMany = append(tooMany, fmt.Sprintf("%s %s in %s", verb, resource, ns))
			}
		}
	}
	slices.Sort(tooMany)
	return missing, slices.Compact(tooMany)
}

// unreadableSecrets are the pull secrets of a namespace that the bot is to read and may not. Each is granted by its name.
func (c *Cluster) unreadableSecrets(ns string, rules []authorizationv1.ResourceRule) []string {
	var missing []string
	for _, name := range c.pullSecrets {
		granted := func(r authorizationv1.ResourceRule) bool {
			named := slices.Contains(r.ResourceNames, name)
			r.ResourceNames = nil
			return named && grants(r, "", "secrets", "get")
		}
		if !slices.ContainsFunc(rules, granted) {
			missing = append(missing, fmt.Sprintf("get secrets %s in %s", name, ns))
		}
	}
	return missing
}

// pairs are each resource of a rule with each of its verbs.
func pairs(r authorizationv1.ResourceRule) iter.Seq2[string, string] {
	return func(yield func(resource, verb string) bool) {
		for _, resource := range r.Resources {
			for _, verb := range r.Verbs {
				if !yield(resource, verb) {
					return
				}
			}
		}
	}
}

func grants(r authorizationv1.ResourceRule, group, resource, verb string) bool {
	has := func(list []string, want string) bool {
		return slices.Contains(list, want) || slices.Contains(list, "*")
	}
	return has(r.APIGroups, group) && has(r.Resources, resource) && has(r.Verbs, verb) && len(r.ResourceNames) == 0
}

// excessive tells a right that a reading bot must not have: any write, any wildcard, any secret that is not named, and
// what leads into a container or to another identity.
func excessive(r authorizationv1.ResourceRule, resource, verb string) bool {
	if slices.Contains(everybody, resource) && verb == "create" {
		return false
	}
	if strings.Contains(resource, "*") { // The resource "*/exec" is a way into every container.
		return true
	}
	switch resource {
	case "pods/exec", "pods/attach", "pods/proxy", "pods/ephemeralcontainers", "services/proxy", "nodes/proxy":
		return true
	case "secrets":
		return verb != "get" || len(r.ResourceNames) == 0
	case "pods/portforward":
		return verb != "create" && verb != "get"
	}
	return !slices.Contains(reading, verb)
}
