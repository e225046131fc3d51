package registry

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Credentials are a name and a password, or a token, for one registry. They print as [credentials], and nothing in this
// package gives them out.
//
//nolint:recvcheck // what hides them must hold for the value as well, and nil credentials are those of anybody
type Credentials struct {
	username string
	password string
	identity string
	bearer   string
}

// String keeps credentials out of everything that is printed.
func (Credentials) String() string { return "[credentials]" }

// GoString keeps credentials out of everything that is printed.
func (Credentials) GoString() string { return "[credentials]" }

// MarshalText keeps credentials out of everything that is written.
func (Credentials) MarshalText() ([]byte, error) { return []byte("[credentials]"), nil }

func (c *Credentials) authenticator() authn.Authenticator {
	if c == nil {
		return authn.Anonymous
	}
	return authn.FromConfig(authn.AuthConfig{
		Username: c.username, Password: c.password, IdentityToken: c.identity, RegistryToken: c.bearer,
	})
}

// masked takes credentials out of what a registry said: one that repeats what it was sent would show them.
func (c *Credentials) masked(a Answer) Answer {
	if c == nil {
		return a
	}
	plain := c.username + ":" + c.password
	for _, secret := range []string{
		base64.StdEncoding.EncodeToString([]byte(plain)), base64.URLEncoding.EncodeToString([]byte(plain)),
		base64.RawStdEncoding.EncodeToString([]byte(plain)), c.password, c.identity, c.bearer,
	} {
		if len(secret) > 2 {
			a.Said = strings.ReplaceAll(a.Said, secret, "[secret]")
		}
	}
	return a
}

// Keyring is the content of a pull secret: credentials by registry.
type Keyring struct{ entries map[string]Credentials }

// Errors of a pull secret's content. They never repeat it.
var (
	ErrNotJSON  = errors.New("the content is not JSON of the expected form")
	ErrNoEntry  = errors.New("the content has no entry with credentials")
	ErrTooLarge = errors.New("the content is too large")
)

// mostKeyring is as much as Kubernetes lets a secret hold.
const mostKeyring = 1 << 20

// entry is one registry's entry. auth is the base64 of NAME:PASSWORD, and counts before the two of their own.
type entry struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Auth          string `json:"auth"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// ParseKeyring reads a .dockerconfigjson, or the older .dockercfg, whose entries stand at the top.
func ParseKeyring(data []byte) (Keyring, error) {
	if len(data) > mostKeyring {
		return Keyring{}, ErrTooLarge
	}
	var whole struct {
		Auths map[string]entry `json:"auths"`
	}
	if err := json.Unmarshal(data, &whole); err != nil {
		return Keyring{}, ErrNotJSON // its own words may repeat the content
	}
	if whole.Auths == nil {
		if err := json.Unmarshal(data, &whole.Auths); err != nil {
			return Keyring{}, ErrNotJSON
		}
	}
	k := Keyring{entries: map[string]Credentials{}}
	for _, key := range slices.Sorted(maps.Keys(whole.Auths)) {
		if c, usable := whole.Auths[key].credentials(); usable {
			k.entries[key] = c
		}
	}
	if len(k.entries) == 0 {
		return Keyring{}, ErrNoEntry
	}
	return k, nil
}

// credentials reads an entry. A password may hold colons: only the first parts it from the name.
func (e entry) credentials() (Credentials, bool) {
	c := Credentials{username: e.Username, password: e.Password, identity: e.IdentityToken, bearer: e.RegistryToken}
	if e.Auth != "" {
		plain, err := decodeBase64(e.Auth)
		if err != nil {
			return Credentials{}, false
		}
		username, password, found := strings.Cut(plain, ":")
		if !found {
			return Credentials{}, false
		}
		c.username, c.password = username, strings.TrimRight(password, "\x00")
	}
	return c, c.username != "" && c.password != "" || c.identity != "" || c.bearer != ""
}

// decodeBase64 reads any of the forms that are found in such files.
func decodeBase64(text string) (string, error) {
	text = strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	plain, err := encoding.DecodeString(text)
	return string(plain), err
}

// Hosts are the registries that there are credentials for, by their one name each, in order.
func (k Keyring) Hosts() []string {
	var hosts []string
	for key := range k.entries {
		hosts = append(hosts, Canonical(key))
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// For gives the credentials for an image as a kubelet picks them: those of the longest entry that covers its name.
func (k Keyring) For(host, repository string) *Credentials {
	best, length := "", -1
	for key := range k.entries {
		if covers(key, host, repository) && (len(key) > length || len(key) == length && key < best) {
			best, length = key, len(key)
		}
	}
	if length < 0 {
		return nil
	}
	c := k.entries[best]
	return &c
}

// covers tells whether an entry is about an image. Its path counts, but for that of an address of the API.
func covers(key, host, repository string) bool {
	entryHost := Canonical(key)
	if !matches(entryHost, Canonical(host)) {
		return false
	}
	for _, scheme := range []string{"https://", "http://"} {
		key = strings.TrimPrefix(key, scheme)
	}
	_, path, _ := strings.Cut(strings.Trim(key, "/"), "/")
	return path == "" || path == "v1" || path == "v2" || repository == path || strings.HasPrefix(repository, path+"/")
}

// matches holds a host against an entry, label by label: a * stands for what is within one label.
func matches(pattern, host string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		before, after, wild := strings.Cut(want[i], "*")
		switch {
		case !wild && want[i] != got[i]:
			return false
		case wild && (len(got[i]) < len(before)+len(after) || !strings.HasPrefix(got[i], before) || !strings.HasSuffix(got[i], after)):
			return false
		}
	}
	return true
}
