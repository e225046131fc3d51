// Package pull tries whether a node could pull an image, and says why not in the words of containerd. It asks the
// registry as containerd does and keeps nothing of the image.
package pull

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// dockerHub is the registry of an image that names none.
const dockerHub = "docker.io"

// remembered is how long an image that could be pulled is not asked for again.
const remembered = time.Minute

// Mirror stands in for a registry.
type Mirror struct {
	// URL is where it answers.
	URL string
	// Server and Realm are the hosts that the messages name in its place.
	Server, Realm string
}

// Error says why an image cannot be pulled.
type Error struct {
	// Words are containerd's.
	Words string
	// NotFound is the gRPC code that goes with them, which a kubelet writes in front.
	NotFound bool
}

// Error gives what a kubelet says.
func (e *Error) Error() string {
	if e.NotFound {
		return "rpc error: code = NotFound desc = " + e.Words
	}
	return e.Words
}

// ErrInvalidName means that what is given is not the name of an image.
var ErrInvalidName = errors.New("invalid reference format")

// Image is one that a node has.
type Image struct {
	// Name is the whole name, "docker.io/library/nginx:1.27", and Digest that of its manifest.
	Name   string
	Digest string
	Size   int64
	// Fresh says that the registry was asked just now.
	Fresh bool
}

// Puller tries pulls and remembers those that worked. New makes it.
type Puller struct {
	http *http.Client
	now  func() time.Time

	mu      sync.Mutex
	mirrors map[string]Mirror
	pulled  map[string]pulled
}

type pulled struct {
	image Image
	until time.Time
}

// New makes a Puller that reaches registries by their mirrors only.
func New(client *http.Client, mirrors map[string]Mirror, now func() time.Time) *Puller {
	return &Puller{http: client, now: now, mirrors: mirrors, pulled: map[string]pulled{}}
}

// Redirect sends what is asked of a registry to another URL, and forgets what has been pulled.
func (p *Puller) Redirect(host, url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.mirrors[host]
	m.URL = url
	p.mirrors[host] = m
	clear(p.pulled)
}

// Forget lets the next pull of each image ask the registry again.
func (p *Puller) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.pulled)
}

// Pull tries each of the credentials for the image's registry, or none at all where there are none for it.
func (p *Puller) Pull(ctx context.Context, image string, all []Credentials) (Image, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return Image{}, ErrInvalidName
	}
	host := hostOf(ref.Context().RegistryStr())
	var fitting []Credentials
	for _, c := range all {
		if c.Host == host {
			fitting = append(fitting, c)
		}
	}
	key := keyOf(image, fitting)
	if got, ok := p.recall(key); ok {
		return got, nil
	}
	t := &try{
		puller: p, mirror: p.mirror(host), repository: ref.Context().RepositoryStr(), reference: ref.Identifier(),
		name: host + "/" + ref.Context().RepositoryStr() + separator(ref) + ref.Identifier(),
	}
	got, err := t.each(ctx, fitting)
	if err != nil {
		return Image{}, err
	}
	p.remember(key, got)
	got.Fresh = true
	return got, nil
}

func separator(ref name.Reference) string {
	if _, ok := ref.(name.Digest); ok {
		return "@"
	}
	return ":"
}

func (p *Puller) mirror(host string) Mirror {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mirrors[host]
}

func (p *Puller) recall(key string) (Image, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, ok := p.pulled[key]
	return got.image, ok && p.now().Before(got.until)
}

func (p *Puller) remember(key string, image Image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pulled[key] = pulled{image: image, until: p.now().Add(remembered)}
}

// keyOf keeps no password in memory for longer than it is needed.
func keyOf(image string, all []Credentials) string {
	var text strings.Builder
	for _, c := range all {
		fmt.Fprintf(&text, "%q%q", c.Name, c.Password)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return image + " " + hex.EncodeToString(sum[:])
}
