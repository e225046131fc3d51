// Package deploy holds the rights that the bot needs, as an administrator gives them: a ServiceAccount that only reads,
// and an account in Argo CD. It applies nothing.
package deploy

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"path"

	"go.yaml.in/yaml/v3"
)

// Files are the manifests: kustomize/base for the cluster, argocd for Argo CD's config maps.
//
//go:embed kustomize argocd
var Files embed.FS

// base is the folder of the kustomization that every installation starts from.
const base = "kustomize/base"

// Kubernetes gives the objects of the cluster as one YAML stream, in the order in which they are applied.
func Kubernetes() ([]byte, error) {
	text, err := Files.ReadFile(path.Join(base, "kustomization.yaml"))
	if err != nil {
		return nil, err
	}
	names, err := resources(text)
	if err != nil {
		return nil, fmt.Errorf("read kustomization: %w", err)
	}
	return join(base, names)
}

// ArgoCD gives the config maps whose keys are to be added to Argo CD's own, as one YAML stream.
func ArgoCD() ([]byte, error) {
	return join("argocd", []string{"argocd-cm.yaml", "argocd-rbac-cm.yaml"})
}

// resources are the files that a kustomization names. One that does more than to name files is refused: what is read
// here would not be what kustomize applies.
func resources(kustomization []byte) ([]string, error) {
	var k struct {
		APIVersion string   `yaml:"apiVersion"`
		Kind       string   `yaml:"kind"`
		Resources  []string `yaml:"resources"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(kustomization))
	decoder.KnownFields(true)
	if err := decoder.Decode(&k); err != nil {
		return nil, err
	}
	if err := decoder.Decode(&k); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	return k.Resources, nil
}

func join(folder string, names []string) ([]byte, error) {
	var all bytes.Buffer
	for _, name := range names {
		text, err := Files.ReadFile(path.Join(folder, name))
		if err != nil {
			return nil, err
		}
		all.WriteString("---\n")
		all.Write(text)
	}
	return all.Bytes(), nil
}
