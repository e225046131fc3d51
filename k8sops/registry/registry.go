// Package registry asks an image registry whether it gives an image to somebody with these credentials. It asks only the
// hosts that are allowed, hands credentials to nobody else, downloads no image, and keeps nothing.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// patience bounds everything that is asked about one image.
const patience = 5 * time.Second

// Config is what may be asked.
type Config struct {
	// Hosts are the registries, and Realms the hosts that may issue tokens for them, besides the registry itself.
	Hosts  []string
	Realms []string
	// Endpoints are addresses that stand in for a registry, as docker.io: http://127.0.0.1:5000. Only these may be private
	// or plain.
	Endpoints map[string]string
}

// Client asks registries. It is safe for concurrent use.
type Client struct {
	hosts     map[string]bool
	realms    map[string]bool
	endpoints map[string]*url.URL
	guarded   http.RoundTripper // to public addresses only
	open      http.RoundTripper // to the configured endpoints
}

// New makes a client. It connects when it is used.
func New(c Config) (*Client, error) {
	client := &Client{hosts: map[string]bool{}, realms: map[string]bool{}, endpoints: map[string]*url.URL{}}
	for _, h := range c.Hosts {
		client.hosts[Canonical(h)] = true
	}
	for _, r := range c.Realms {
		client.realms[strings.ToLower(r)] = true
	}
	for host, address := range c.Endpoints {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("endpoint of %s: not an address", host)
		}
		client.hosts[Canonical(host)] = true
		client.endpoints[Canonical(host)] = u
	}
	client.guarded, client.open = wayOut(publicOnly), wayOut(nil)
	return client, nil
}

// Question is what is asked about one image.
type Question struct {
	// Image is the image's name as a manifest has it.
	Image string
	// Credentials are nil to ask as anybody would.
	Credentials *Credentials
	// Platforms asks as well what the image is made for: one more download.
	Platforms bool
}

// Answer is what the registry answered.
type Answer struct {
	Verdict Verdict
	// Said is the registry's own words: untrusted text, without any credentials.
	Said string
	// Near are tags like the one that is not there, the nearest first.
	Near      []string
	Platforms []string
}

// Verdict is what a registry's answer means.
type Verdict string

// The verdicts.
const (
	Accepted     Verdict = "accepted"          // the image can be pulled like this
	Refused      Verdict = "refused"           // 401: the credentials are not good, or none were sent
	Expired      Verdict = "expired"           // 401, and the registry says that they were good once
	Forbidden    Verdict = "forbidden"         // 403
	NoTag        Verdict = "no-tag"            // the repository has no such tag
	NoRepository Verdict = "no-repository"     // there is no such repository
	DeniedOrGone Verdict = "denied-or-missing" // the registry knows who asks, and hides which of the two it is
	RateLimited  Verdict = "rate-limited"
	Unreachable  Verdict = "unreachable"
	BadTLS       Verdict = "tls"
	NotAsked     Verdict = "not-asked" // the host is not allowed, or the name is none
)

// Ask asks the registry of an image. It needs no more than some seconds, and its answer is never an error.
func (c *Client) Ask(ctx context.Context, q Question) Answer {
	ref, host, err := c.reference(q.Image)
	if err != nil {
		return Answer{Verdict: NotAsked}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	guard := c.guardFor(host, ref.Context().RegistryStr())
	puller, err := remote.NewPuller(remote.WithTransport(guard), remote.WithAuth(q.Credentials.authenticator()), remote.WithUserAgent("rt-bot"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes(), remote.WithPageSize(mostTags))
	if err != nil {
		return Answer{Verdict: NotAsked}
	}
	head, err := puller.Head(ctx, ref)
	if err == nil {
		answer := Answer{Verdict: Accepted}
		if q.Platforms && head.MediaType.IsIndex() {
			answer.Platforms = platforms(ctx, puller, ref)
		}
		return answer
	}
	if told(err) != 0 {
		_, err = puller.Get(ctx, ref) // an answer to HEAD has no words
	}
	answer := q.Credentials.masked(judge(err, guard.authenticated()))
	if answer.Verdict == NoTag {
		return near(ctx, puller, ref, answer)
	}
	return answer
}

// Allowed tells whether the registry of an image may be asked.
func (c *Client) Allowed(image string) bool {
	_, _, err := c.reference(image)
	return err == nil
}

// reference reads an image's name by the grammar of references, and turns it to the endpoint that stands for its host.
func (c *Client) reference(image string) (ref name.Reference, host string, err error) {
	ref, err = name.ParseReference(image, name.WeakValidation)
	if err != nil {
		return nil, "", err
	}
	host = Canonical(ref.Context().RegistryStr())
	if !c.hosts[host] {
		return nil, "", fmt.Errorf("%s may not be asked", host)
	}
	at := c.endpoints[host]
	if at == nil {
		return ref, host, nil
	}
	var options []name.Option
	if at.Scheme == "http" {
		options = append(options, name.Insecure)
	}
	repository, err := name.NewRepository(at.Host+"/"+ref.Context().RepositoryStr(), options...)
	if err != nil {
		return nil, "", err
	}
	if digest, isDigest := ref.(name.Digest); isDigest {
		return repository.Digest(digest.DigestStr()), host, nil
	}
	return repository.Tag(ref.Identifier()), host, nil
}

// platforms are what an image is made for, as OS/CPU; nothing where the manifest does not say.
func platforms(ctx context.Context, puller *remote.Puller, ref name.Reference) []string {
	got, err := puller.Get(ctx, ref)
	if err != nil {
		return nil
	}
	index, err := got.ImageIndex()
	if err != nil {
		return nil
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil
	}
	var found []string
	for _, m := range manifest.Manifests {
		if m.Platform != nil && m.Platform.OS != "unknown" && len(found) < mostPlatforms {
			found = append(found, m.Platform.OS+"/"+m.Platform.Architecture)
		}
	}
	return found
}

const mostPlatforms = 20

// Canonical gives a registry its one name, whether it is written as a host, as the address of its API, or as one of Docker
// Hub's several names.
func Canonical(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	for _, scheme := range []string{"https://", "http://"} {
		host = strings.TrimPrefix(host, scheme)
	}
	host, _, _ = strings.Cut(host, "/")
	switch host = strings.TrimSuffix(host, ":443"); host {
	case name.DefaultRegistry, "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com", "www.docker.io":
		return "docker.io"
	}
	return host
}
