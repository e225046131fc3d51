// Package argo is the lab's Argo CD: the server, the repository server and the application controller, with what they
// need in the cluster. It installs any Applications it is given and knows nothing of what they deploy.
package argo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/bcrypt"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"rtbot/lab/cluster"
	"rtbot/lab/part"
)

// Namespace is where Argo CD and its Applications are.
const Namespace = "argocd"

// Names of the parts.
const (
	Server     = "argocd-server"
	RepoServer = "argocd-repo-server"
	Controller = "argocd-application-controller"
)

// PortsNeeded is how many ports Argo CD listens on.
const PortsNeeded = 5

// objects are the kinds (crds/) and the settings of Argo CD.
//
//go:embed objects
var objects embed.FS

// Options say where Argo CD keeps its files and whom it talks to.
type Options struct {
	Dir        string
	Kubeconfig string
	// Redis is HOST:PORT.
	Redis string
	// Ports are PortsNeeded free ports.
	Ports []int
	HTTP  *http.Client
}

// Argo is an Argo CD. New makes it.
type Argo struct {
	Options

	password string
}

// New makes an Argo CD with a password for its administrator.
func New(o Options, password string) *Argo { return &Argo{Options: o, password: password} }

// Address is where the server answers, HOST:PORT.
func (a *Argo) Address() string { return part.Address(a.Ports[0]) }

// Install makes the kinds and the settings that the parts need to start.
func (a *Argo) Install(ctx context.Context, c cluster.Clients) error {
	kinds, err := cluster.Read(objects, "objects/crds")
	if err != nil {
		return err
	}
	if err := c.Apply(ctx, cluster.Manager, kinds); err != nil {
		return err
	}
	if err := part.Until(ctx, func(ctx context.Context) error { return established(ctx, c, kinds) }); err != nil {
		return fmt.Errorf("wait for the kinds of Argo CD: %w", err)
	}
	settings, err := cluster.Read(objects, "objects")
	if err != nil {
		return err
	}
	secret, err := a.secret()
	if err != nil {
		return err
	}
	return c.Apply(ctx, cluster.Manager, append(settings, secret))
}

// established says which kind the API server does not serve yet.
func established(ctx context.Context, c cluster.Clients, kinds []*unstructured.Unstructured) error {
	definitions := schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	}
	for _, kind := range kinds {
		found, err := c.Dynamic.Resource(definitions).Get(ctx, kind.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !condition(found, "Established") {
			return fmt.Errorf("%s is not established", kind.GetName())
		}
	}
	return nil
}

func condition(o *unstructured.Unstructured, name string) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		fields, ok := c.(map[string]any)
		if ok && fields["type"] == name && fields["status"] == "True" {
			return true
		}
	}
	return false
}

// secret has the administrator's password and the key that signs tokens.
func (a *Argo) secret() (*unstructured.Unstructured, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(a.password), bcrypt.MinCost)
	if err != nil {
		return nil, fmt.Errorf("hash the password of Argo CD's administrator: %w", err)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{
			"name": "argocd-secret", "namespace": Namespace,
			"labels": map[string]any{"app.kubernetes.io/part-of": "argocd"},
		},
		"stringData": map[string]any{
			"admin.password": string(hash), "admin.passwordMtime": time.Unix(0, 0).UTC().Format(time.RFC3339),
			"server.secretkey": a.password + a.password,
		},
	}}, nil
}

// Prepare makes the folders that the parts keep their files in.
func (a *Argo) Prepare() error {
	const onlyOwner = 0o700 // GnuPG refuses anything else
	var errs []error
	for _, folder := range []string{"tls", "ssh", "gpg/keys", "gpg/source", "plugins", "tmp", "home"} {
		errs = append(errs, os.MkdirAll(filepath.Join(a.Dir, folder), onlyOwner))
	}
	errs = append(errs, os.WriteFile(filepath.Join(a.Dir, "ssh", "ssh_known_hosts"), nil, 0o600))
	return errors.Join(errs...)
}
