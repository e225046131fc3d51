package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is any object of the cluster's part, as far as it gives rights. What is not listed here is not understood, and
// so refused.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
	Automount *bool     `yaml:"automountServiceAccountToken"`
	Rules     []rule    `yaml:"rules"`
	RoleRef   roleRef   `yaml:"roleRef"`
	Subjects  []subject `yaml:"subjects"`
}

type rule struct {
	APIGroups     []string `yaml:"apiGroups"`
	Resources     []string `yaml:"resources"`
	ResourceNames []string `yaml:"resourceNames"`
	Verbs         []string `yaml:"verbs"`
}

type roleRef struct {
	APIGroup string `yaml:"apiGroup"`
	Kind     string `yaml:"kind"`
	Name     string `yaml:"name"`
}

type subject struct {
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

func decode(stream []byte) ([]object, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(stream))
	decoder.KnownFields(true)
	var all []object
	for {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
}

// clusterWide is the one role that may hold outside the managed namespaces.
const clusterWide = "rt-nodes-read"

// bot is the one account that may get rights.
var bot = subject{Kind: "ServiceAccount", Name: "rt-bot", Namespace: "rt-bot"}

// tooMuch says what in a YAML stream gives more than reading what the bot has to read.
func tooMuch(stream []byte) []string {
	objects, err := decode(stream)
	if err != nil {
		return []string{err.Error()}
	}
	var roles []string
	for _, o := range objects {
		if o.Kind == "ClusterRole" || o.Kind == "Role" {
			roles = append(roles, o.Kind+" "+o.Metadata.Name)
		}
	}
	var found []string
	for _, o := range objects {
		for _, problem := range excess(o, roles) {
			found = append(found, fmt.Sprintf("%s %s: %s", o.Kind, o.Metadata.Name, problem))
		}
	}
	return found
}

func excess(o object, roles []string) []string {
	switch o.Kind {
	case "Namespace":
		return nil
	case "ServiceAccount":
		if o.Automount == nil || *o.Automount {
			return []string{"its token is mounted in every pod"}
		}
		return nil
	case "ClusterRole", "Role":
		var found []string
		for _, r := range o.Rules {
			found = append(found, r.excess()...)
		}
		return found
	case "ClusterRoleBinding", "RoleBinding":
		return excessOfBinding(o, roles)
	}
	return []string{"objects of this kind are not expected here"}
}

func excessOfBinding(o object, roles []string) []string {
	var found []string
	if !slices.Contains(roles, o.RoleRef.Kind+" "+o.RoleRef.Name) {
		found = append(found, fmt.Sprintf("it binds %s %s, which is not among these roles", o.RoleRef.Kind, o.RoleRef.Name))
	}
	if o.Kind == "ClusterRoleBinding" && o.RoleRef.Name != clusterWide {
		found = append(found, fmt.Sprintf("it binds %s in every namespace", o.RoleRef.Name))
	}
	for _, s := range o.Subjects {
		if s != bot {
			found = append(found, fmt.Sprintf("it binds to %s %s/%s", s.Kind, s.Namespace, s.Name))
		}
	}
	return found
}

// readVerbs are all the verbs that there may be.
var readVerbs = []string{"get", "list", "watch"}

// forbidden are groups and resources that no verb may be given on: reading them is acting, or gives rights away.
var (
	forbiddenGroups    = []string{"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "certificates.k8s.io", "authentication.k8s.io"}
	forbiddenResources = []string{
		"configmaps", "pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy",
		"serviceaccounts/token",
	}
)

// excess says what a rule gives too much.
func (r rule) excess() []string {
	var found []string
	if all := slices.Concat(r.APIGroups, r.Resources, r.ResourceNames, r.Verbs); strings.Contains(strings.Join(all, " "), "*") {
		found = append(found, "a wildcard")
	}
	for _, v := range r.Verbs {
		if !slices.Contains(readVerbs, v) {
			found = append(found, "the verb "+v)
		}
	}
	for _, g := range r.APIGroups {
		if slices.Contains(forbiddenGroups, g) {
			found = append(found, "the group "+g)
		}
	}
	for _, name := range r.Resources {
		if slices.Contains(forbiddenResources, name) {
			found = append(found, "the resource "+name)
		}
	}
	if slices.Contains(r.Resources, "secrets") && (len(r.ResourceNames) == 0 || !slices.Equal(r.Verbs, []string{"get"})) {
		found = append(found, "secrets other than a get of a named one")
	}
	return found
}
