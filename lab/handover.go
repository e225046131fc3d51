package lab

import (
	"bytes"
	"context"
	_ "embed" // the template of rt.yaml
	"fmt"
	"os"
	"strings"
	"text/template"

	"rtbot/lab/part"
)

// rtYAML is the bot's configuration, but for where things are.
//
//go:embed rt.yaml.tmpl
var rtYAML string

// places are what rt.yaml says about where things are.
type places struct{ Web, Ops, GitHub, ArgoCD, Repository, Registry string }

// handOver writes what scripts and the bot need to use the lab.
func (l *lab) handOver(context.Context) error {
	config, err := render(places{
		Web: part.Address(l.ports.web), Ops: part.Address(l.ports.ops), GitHub: l.urls.github,
		ArgoCD: l.argo.Address(), Repository: owner + "/" + repository, Registry: part.Address(l.ports.registry),
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.dir.in("rt.yaml"), config, 0o600); err != nil {
		return err
	}
	return os.WriteFile(l.dir.in("lab.env"), environment([]variable{
		{"KUBECONFIG", l.cluster.Kubeconfig()},
		{"ARGOCD_SERVER", l.argo.Address()},
		{"ARGOCD_TOKEN", l.tokens.labArgo},
		{"GITHUB_API_URL", l.urls.github},
		{"GITHUB_TOKEN", l.tokens.labGitHub},
		{"FORGE_GIT_DIR", l.gitDir()},
		{"REGISTRY", part.Address(l.ports.registry)},
		{"RT_URL", "http://" + part.Address(l.ports.web)},
	}), 0o600)
}

// render fills in rt.yaml.
func render(p places) ([]byte, error) {
	t, err := template.New("rt.yaml").Parse(rtYAML)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("write rt.yaml: %w", err)
	}
	return out.Bytes(), nil
}

type variable struct{ name, value string }

// environment writes lines that a shell can source, a value quoted only where a shell needs it.
func environment(variables []variable) []byte {
	var out bytes.Buffer
	for _, v := range variables {
		fmt.Fprintf(&out, "%s=%s\n", v.name, quote(v.value))
	}
	return out.Bytes()
}

func quote(s string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("/:._-", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
