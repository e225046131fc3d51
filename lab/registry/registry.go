// Package registry is a private image registry that stands in for Docker Hub: it keeps images, gives tokens for them to
// whoever has the right name and password, and can be made to fail. It knows no cluster.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	images "github.com/google/go-containerregistry/pkg/registry"
)

// Host is the registry that this one stands in for, Server and Realm are the hosts that it answers for.
const (
	Host    = "docker.io"
	Server  = "registry-1.docker.io"
	Realm   = "auth.docker.io"
	service = "registry.docker.io"
)

// headerTimeout is how long a client may take to ask.
const headerTimeout = 10 * time.Second

// Account is who may pull what is not public.
type Account struct {
	Name     string
	Password string
	// Repositories are those that are not public and that it may pull; whatever is in its own namespace is one of them.
	Repositories []string
}

// Fault is a way in which the registry fails.
type Fault string

// The faults; None is a registry that works.
const (
	None      Fault = ""
	Down      Fault = "down"       // nothing listens
	RateLimit Fault = "rate-limit" // each manifest is one too many
	Expired   Fault = "expired"    // the password of each account is out of date
	Forbidden Fault = "forbidden"  // no account may pull what is not public
)

// Registry is a registry. New makes it.
type Registry struct {
	address  string
	accounts map[string]Account
	public   map[string]bool
	store    http.Handler
	now      func() time.Time
	changed  chan struct{}

	mu     sync.Mutex
	fault  Fault
	grants map[string]grant
}

// Options say where a registry answers and who may do what.
type Options struct {
	// Address is HOST:PORT.
	Address  string
	Accounts []Account
	// Images are what it keeps, as "library/nginx:1.27"; those of Private can be pulled by accounts alone.
	Images  []Image
	Private []string
	Now     func() time.Time
}

// New makes a registry with its images in it.
func New(ctx context.Context, o Options) (*Registry, error) {
	r := &Registry{
		address: o.Address, now: o.Now, accounts: map[string]Account{}, public: map[string]bool{}, grants: map[string]grant{},
		store: images.New(images.Logger(slog.NewLogLogger(slog.DiscardHandler, slog.LevelError))), changed: make(chan struct{}, 1),
	}
	for _, a := range o.Accounts {
		r.accounts[a.Name] = a
	}
	for _, image := range o.Images {
		if err := r.keep(ctx, image); err != nil {
			return nil, fmt.Errorf("keep %s: %w", image.Repository, err)
		}
		r.public[image.Repository] = true
	}
	for _, repository := range o.Private {
		delete(r.public, repository)
	}
	return r, nil
}

// URL is where it answers.
func (r *Registry) URL() string { return "http://" + r.address }

// Fail makes the registry fail in one way, or in none.
func (r *Registry) Fail(f Fault) {
	r.mu.Lock()
	r.fault = f
	clear(r.grants) // a token that was given before would still be good
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default: // Run has not looked since the last change, and will see this one too
	}
}

func (r *Registry) failing() Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fault
}

// Run answers until the context ends, except while the fault is Down.
func (r *Registry) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if r.failing() == Down {
			select {
			case <-r.changed:
			case <-ctx.Done():
			}
			continue
		}
		if err := r.serve(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// serve answers until the registry is to go down or the context ends.
func (r *Registry) serve(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: headerTimeout}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	for ctx.Err() == nil && r.failing() != Down {
		select {
		case <-r.changed:
		case <-ctx.Done():
		}
	}
	err = server.Close()
	if problem := <-ended; !errors.Is(problem, http.ErrServerClosed) {
		err = errors.Join(err, problem)
	}
	return err
}
