package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// problems gathers what is wrong, with the lines where it stands.
type problems struct {
	root  *yaml.Node
	lines []string
}

// at notes a problem with the value of a dotted key, as "people.0.role".
func (p *problems) at(key, format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf("line %d: %s: %s", lineOf(p.root, strings.Split(key, ".")), key, fmt.Sprintf(format, args...)))
}

// url notes a value that is given and is no address of a server.
func (p *problems) url(key, value, example string) {
	if value == "" {
		return
	}
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.User != nil {
		p.at(key, "want a URL as %s", example)
	}
}

func (p *problems) err() error {
	if len(p.lines) == 0 {
		return nil
	}
	return errors.New("  " + strings.Join(p.lines, "\n  "))
}

// lineOf finds the line of a key, or of the nearest thing above it that is there.
func lineOf(n *yaml.Node, keys []string) int {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	line := max(n.Line, 1)
	for _, key := range keys {
		child := childOf(n, key)
		if child == nil {
			return line
		}
		n, line = child, child.Line
	}
	return line
}

func childOf(n *yaml.Node, key string) *yaml.Node {
	for i := range n.Content {
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 0 && n.Content[i].Value == key:
			return n.Content[i+1]
		case n.Kind == yaml.SequenceNode && strconv.Itoa(i) == key:
			return n.Content[i]
		}
	}
	return nil
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)
	channelID      = regexp.MustCompile(`^[CGD][A-Z0-9]+$`)
	nameLabel      = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

func (c *Config) check(p *problems) {
	if c.Language != "en" && c.Language != "fr" {
		p.at("language", "want en or fr")
	}
	if !strings.HasPrefix(c.Journal, "sqlite:") || c.Journal == "sqlite:" {
		p.at("journal", "want sqlite:PATH")
	}
	c.checkListeners(p)
	c.checkSlack(p)
	c.checkMatrix(p)
	c.checkGitHub(p)
	c.checkArgoCD(p)
	if len(c.Kubernetes.Namespaces) == 0 {
		p.at("kubernetes.namespaces", "want at least one namespace")
	}
	for i, ns := range c.Kubernetes.Namespaces {
		if !nameLabel.MatchString(ns) {
			p.at(fmt.Sprintf("kubernetes.namespaces.%d", i), "%q is not the name of a namespace", ns)
		}
	}
	c.checkRegistry(p)
	c.checkWorkflow(p)
	c.checkPeople(p)
	c.checkPolicy(p)
}

func (c *Config) checkPolicy(p *problems) {
	if c.Policy.MaxReplicas < 1 || c.Policy.MaxReplicas > 9999 {
		p.at("policy.max_replicas", "want 1 to 9999")
	}
	if c.Policy.RequestsPerMinute < 1 || c.Policy.RequestsPerMinute > 100_000 {
		p.at("policy.requests_per_minute", "want 1 to 100000")
	}
	if c.Policy.ChangesPerMinute < 1 || c.Policy.ChangesPerMinute > 100_000 {
		p.at("policy.changes_per_minute", "want 1 to 100000")
	}
}

func (c *Config) checkListeners(p *problems) {
	if c.Web.Trust != "" && c.Web.Trust != "names" {
		p.at("web.trust", "want names or nothing")
	}
	if c.Web.Listen != "" {
		host, _, err := net.SplitHostPort(c.Web.Listen)
		if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
			p.at("web.listen", "want a loopback address as 127.0.0.1:8090")
		}
	}
	if c.Ops.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Ops.Listen); err != nil {
			p.at("ops.listen", "want HOST:PORT or :PORT")
		}
	}
}

func (c *Config) checkGitHub(p *problems) {
	if !repositoryName.MatchString(c.GitHub.Repository) {
		p.at("github.repository", "want OWNER/NAME")
	}
	if c.GitHub.Branch == "" {
		p.at("github.branch", "want the branch that Argo CD follows")
	}
	p.url("github.api_url", c.GitHub.APIURL, "https://github.example.org/api/v3")
	c.checkGitHubAccount(p)
}

func (c *Config) checkGitHubAccount(p *problems) {
	if (c.GitHub.Token == nil) == (c.GitHub.App == nil) {
		p.at("github", "want a token or an app, one of them")
	}
	if a := c.GitHub.App; a != nil && (a.ID <= 0 || a.Installation <= 0 || a.Key == Secret{}) {
		p.at("github.app", "want an id, an installation and a key")
	}
}

func (c *Config) checkArgoCD(p *problems) {
	if _, _, err := net.SplitHostPort(c.ArgoCD.Server); err != nil {
		p.at("argocd.server", "want HOST:PORT")
	}
	if (c.ArgoCD.Token == Secret{}) {
		p.at("argocd.token", "want a token as {file: PATH} or {env: NAME}")
	}
	if len(c.ArgoCD.Applications) == 0 {
		p.at("argocd.applications", "want at least one Application")
	}
	if to := c.ArgoCD.AddTo; to != "" && !slices.Contains(c.ArgoCD.Applications, to) {
		p.at("argocd.add_to", "%q is not one of the applications", to)
	}
}

func (c *Config) checkPeople(p *problems) {
	admins := 0
	seen := map[string]string{}
	for i, who := range c.People {
		key := fmt.Sprintf("people.%d", i)
		if who.Name == "" {
			p.at(key, "want a name")
		}
		switch who.Role {
		case "admin":
			admins++
		case "operator", "viewer":
		default:
			p.at(key+".role", "want viewer, operator or admin, not %q", who.Role)
		}
		accounts := who.Accounts()
		for _, platform := range slices.Sorted(maps.Keys(accounts)) {
			id := accounts[platform]
			if other, taken := seen[platform+":"+id]; taken {
				p.at(key, "%s and %s have the same %s account", other, who.Name, platform)
			}
			seen[platform+":"+id] = who.Name
		}
	}
	if admins == 0 {
		p.at("people", "want at least one admin")
	}
}

// Accounts are the person's IDs by platform.
func (p Person) Accounts() map[string]string {
	accounts := map[string]string{}
	for platform, id := range map[string]string{"slack": p.Slack, "matrix": p.Matrix, "web": p.Web} {
		if strings.TrimSpace(id) != "" {
			accounts[platform] = id
		}
	}
	return accounts
}
