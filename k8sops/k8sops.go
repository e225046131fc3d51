// Package k8sops reads the cluster: would it take a manifest, does it run what it was given, and if not, why. It returns codes,
// parameters and evidence, never sentences, and it never writes.
package k8sops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"rtbot/k8sops/registry"
)

// ErrUnreachable means that the API server did not answer.
var ErrUnreachable = errors.New("the cluster is not reachable")

// ErrNotFound means that the cluster has no such object.
var ErrNotFound = errors.New("not in the cluster")

// ErrForbidden means that the bot's account may not read this.
var ErrForbidden = errors.New("not allowed to read this")

// Object names an object of the cluster.
type Object struct {
	Group     string
	Kind      string
	Namespace string
	Name      string
}

// Config says which cluster.
type Config struct {
	// Kubeconfig is a file; empty inside a cluster, where the pod's own ServiceAccount counts.
	Kubeconfig string
	Namespaces []string
	// PullSecrets are the names of the secrets that may be read to explain a failing pull.
	PullSecrets []string
	// StrayNamespaces are other namespaces in which such a secret may lie by mistake.
	StrayNamespaces []string
	// Registry is asked about images that do not come; nil where no registry may be asked.
	Registry *registry.Client
	// Now is the clock by which ages are told.
	Now func() time.Time
}

// Cluster reads one cluster. It is safe for concurrent use.
type Cluster struct {
	client      kubernetes.Interface
	namespaces  []string
	pullSecrets []string
	// strayNamespaces are where a pull secret may lie by mistake.
	strayNamespaces []string
	registry        registryAsker // nil where no registry may be asked
	clock           func() time.Time

	mu      sync.Mutex
	schemas map[string]schemas // by group and version
}

// readTime bounds a round of reads.
const readTime = 10 * time.Second

// New makes a client of the cluster. It connects when it is used.
func New(c Config) (*Cluster, error) {
	config, err := restConfig(c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.UserAgent = "rt-bot"
	config.QPS = -1 // the API server's own fairness is the bound: a limit here would only make people wait
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make cluster client: %w", err)
	}
	made := &Cluster{
		client: client, namespaces: c.Namespaces, pullSecrets: c.PullSecrets,
		strayNamespaces: c.StrayNamespaces, clock: c.Now, schemas: map[string]schemas{},
	}
	if c.Registry != nil {
		made.registry = c.Registry
	}
	return made, nil
}

// now is the time; zero where there is no clock, and then no age is told.
func (c *Cluster) now() time.Time {
	if c.clock == nil {
		return time.Time{}
	}
	return c.clock()
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		return rest.InClusterConfig()
	}
	return clientcmd.BuildConfigFromFlags("", kubeconfig)
}

// outside turns an error of the API into what callers tell apart, and says what was being done.
func outside(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%s: %w", doing, errors.Join(ErrNotFound, err))
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: %w", doing, errors.Join(ErrForbidden, err))
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, errors.Join(ErrUnreachable, err))
}

// Ready reports whether the API server answers.
func (c *Cluster) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var status int
	err := c.client.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).StatusCode(&status).Error()
	if err == nil && status == http.StatusOK {
		return nil
	}
	return outside("ask for the version", err)
}
