package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Registry is what the bot may ask image registries, and with what.
type Registry struct {
	// Secrets are the names of the pull secrets that the bot may read, in each of its namespaces.
	Secrets []string `yaml:"secrets"`
	// Namespaces are others in which such a secret may lie by mistake, and where the bot may look for it.
	Namespaces []string `yaml:"namespaces"`
	// Hosts are the registries that may be asked; Realms are the hosts that may issue their tokens.
	Hosts  []string `yaml:"hosts"`
	Realms []string `yaml:"realms"`
	// Endpoints are addresses that stand in for a registry, as docker.io: "http://127.0.0.1:5000". Only these may be private
	// or plain.
	Endpoints map[string]string `yaml:"endpoints"`
}

// Workflow is the GitHub Actions workflow that makes the cluster's secrets.
type Workflow struct {
	// File is its file name in .github/workflows, and Job the job that makes the secrets.
	File string `yaml:"file"`
	Job  string `yaml:"job"`
	// Repository is OWNER/NAME; empty for the repository that changes go to.
	Repository string `yaml:"repository"`
	// Token is nil for the token of the repository that changes go to.
	Token *Secret `yaml:"token"`
	// Label is the tracking label that the job gives its secrets, as KEY=VALUE.
	Label string `yaml:"label"`
	// Secrets are what the job makes of what.
	Secrets []WorkflowSecret `yaml:"secrets"`
}

// WorkflowSecret is one secret of GitHub and what the workflow makes of it in the cluster.
type WorkflowSecret struct {
	// GitHub is its name there.
	GitHub string `yaml:"github"`
	// Kubernetes is NAMESPACE/NAME.
	Kubernetes string `yaml:"kubernetes"`
}

var (
	hostName     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$`)
	workflowFile = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml$`)
	jobName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
	labelPair    = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_./]*=[A-Za-z0-9][-A-Za-z0-9_.]*$`)
	secretName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func (c *Config) checkRegistry(p *problems) {
	for i, name := range c.Registry.Secrets {
		if !nameLabel.MatchString(name) {
			p.at(fmt.Sprintf("registry.secrets.%d", i), "%q is not the name of a secret", name)
		}
	}
	for i, ns := range c.Registry.Namespaces {
		if !nameLabel.MatchString(ns) {
			p.at(fmt.Sprintf("registry.namespaces.%d", i), "%q is not the name of a namespace", ns)
		}
	}
	p.hosts("registry.hosts", c.Registry.Hosts)
	p.hosts("registry.realms", c.Registry.Realms)
	for _, host := range slices.Sorted(maps.Keys(c.Registry.Endpoints)) {
		if !hostName.MatchString(host) {
			p.at("registry.endpoints", "%q is not the name of a host", host)
		}
		p.url("registry.endpoints", c.Registry.Endpoints[host], "http://127.0.0.1:5000")
	}
}

func (p *problems) hosts(key string, hosts []string) {
	for i, host := range hosts {
		if !hostName.MatchString(host) {
			p.at(fmt.Sprintf("%s.%d", key, i), "%q is not the name of a host", host)
		}
	}
}

func (c *Config) checkWorkflow(p *problems) {
	w := c.Workflow
	if w == nil {
		return
	}
	if !workflowFile.MatchString(w.File) {
		p.at("workflow.file", "want the name of a file in .github/workflows, as infra.yml")
	}
	if !jobName.MatchString(w.Job) {
		p.at("workflow.job", "want the name of a job, as infra-secrets")
	}
	if w.Repository != "" && !repositoryName.MatchString(w.Repository) {
		p.at("workflow.repository", "want OWNER/NAME")
	}
	if w.Label != "" && !labelPair.MatchString(w.Label) {
		p.at("workflow.label", "want KEY=VALUE")
	}
	for i, s := range w.Secrets {
		if !s.whole() {
			p.at(fmt.Sprintf("workflow.secrets.%d", i), "want github: NAME and kubernetes: NAMESPACE/NAME")
		}
	}
}

// whole tells whether both names of a secret are given, and are names.
func (s WorkflowSecret) whole() bool {
	namespace, name, _ := strings.Cut(s.Kubernetes, "/")
	return secretName.MatchString(s.GitHub) && nameLabel.MatchString(namespace) && nameLabel.MatchString(name)
}
