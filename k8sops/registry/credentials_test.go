package registry_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/k8sops/registry"
)

func secretsIn(name, password string) []string {
	return []string{password, base64.StdEncoding.EncodeToString([]byte(name + ":" + password))}
}

func TestPullSecretsAreRead(t *testing.T) {
	t.Parallel()
	auth := base64.StdEncoding.EncodeToString([]byte("team:a:b:c"))
	tests := map[string]struct {
		text  string
		hosts []string
		err   error
	}{
		"what kubectl makes":                  {`{"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p","auth":"` + auth + `"}}}`, []string{"docker.io"}, nil},
		"only auth":                           {`{"auths":{"ghcr.io":{"auth":"` + auth + `"}}}`, []string{"ghcr.io"}, nil},
		"only a name and a password":          {`{"auths":{"ghcr.io":{"username":"u","password":"p"}}}`, []string{"ghcr.io"}, nil},
		"auth broken over lines":              {`{"auths":{"ghcr.io":{"auth":"` + auth[:4] + `\n` + auth[4:] + `"}}}`, []string{"ghcr.io"}, nil},
		"auth without its padding":            {`{"auths":{"ghcr.io":{"auth":"` + strings.TrimRight(auth, "=") + `"}}}`, []string{"ghcr.io"}, nil},
		"the older form":                      {`{"quay.io":{"auth":"` + auth + `"}}`, []string{"quay.io"}, nil},
		"every name of Docker Hub":            {`{"auths":{"docker.io":{"auth":"` + auth + `"},"index.docker.io":{"auth":"` + auth + `"},"registry-1.docker.io/v2/":{"auth":"` + auth + `"}}}`, []string{"docker.io"}, nil},
		"a port and a pattern":                {`{"auths":{"r.example.org:5000":{"auth":"` + auth + `"},"*.example.net":{"auth":"` + auth + `"}}}`, []string{"*.example.net", "r.example.org:5000"}, nil},
		"a token in place of a password":      {`{"auths":{"a.azurecr.io":{"identitytoken":"t"}}}`, []string{"a.azurecr.io"}, nil},
		"an entry without credentials":        {`{"auths":{"ghcr.io":{}}}`, nil, registry.ErrNoEntry},
		"auth that is no base64":              {`{"auths":{"ghcr.io":{"auth":"canary!"}}}`, nil, registry.ErrNoEntry},
		"auth without a colon":                {`{"auths":{"ghcr.io":{"auth":"Y2FuYXJ5"}}}`, nil, registry.ErrNoEntry},
		"no entries":                          {`{"auths":{}}`, nil, registry.ErrNoEntry},
		"the base64 of it, once too often":    {`eyJhdXRocyI6e319`, nil, registry.ErrNotJSON},
		"a list":                              {`["canary"]`, nil, registry.ErrNotJSON},
		"cut off":                             {`{"auths":{"ghcr.io":{"password":"canary`, nil, registry.ErrNotJSON},
		"a number where a word is wanted":     {`{"auths":{"ghcr.io":{"password":12345}}}`, nil, registry.ErrNotJSON},
		"nothing":                             {``, nil, registry.ErrNotJSON},
		"null":                                {`null`, nil, registry.ErrNoEntry},
		"more than a secret of Kubernetes is": {`{"auths":{}}` + strings.Repeat(" ", 1<<20), nil, registry.ErrTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ring, err := registry.ParseKeyring([]byte(test.text))
			if err != test.err { //nolint:errorlint // one of these very errors, with nothing of the content around it
				t.Fatalf("got %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.hosts, ring.Hosts()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheEntryThatFitsBestIsUsed(t *testing.T) {
	t.Parallel()
	entry := func(name string) string { return `{"username":"` + name + `","password":"p"}` }
	ring, err := registry.ParseKeyring([]byte(`{"auths":{"https://index.docker.io/v1/":` + entry("hub") + `,"r.example.org":` + entry("all") +
		`,"r.example.org/team":` + entry("team") + `,"*.example.net":` + entry("any") + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[[2]string]bool{
		{"docker.io", "library/nginx"}: true, {"index.docker.io", "team/gitea"}: true, {"r.example.org", "team/gitea"}: true,
		{"r.example.org", "teams/gitea"}: true, {"a.example.net", "x"}: true, {"a.b.example.net", "x"}: false, {"ghcr.io", "x"}: false,
		{"r.example.org:5000", "x"}: false, {"example.net", "x"}: false,
	}
	for of, want := range tests {
		if got := ring.For(of[0], of[1]) != nil; got != want {
			t.Errorf("%v: got %t, want %t", of, got, want)
		}
	}
}

func FuzzKeyring(f *testing.F) {
	auth := base64.StdEncoding.EncodeToString([]byte("team:canary-7f3a"))
	f.Add([]byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"`+auth+`"}}}`), "docker.io", "team/gitea")
	f.Add([]byte(`{"ghcr.io":{"username":"u","password":"canary-7f3a"}}`), "ghcr.io", "a")
	f.Fuzz(func(t *testing.T, data []byte, host, repository string) {
		ring, err := registry.ParseKeyring(data)
		if err != nil && len(ring.Hosts()) > 0 {
			t.Error("an error, and entries")
		}
		printed := fmt.Sprintf("%v %+v %#v", ring.For(host, repository), err, ring.For(host, repository))
		if strings.Contains(printed, "canary-7f3a") {
			t.Errorf("a password is shown: %s", printed)
		}
	})
}

func FuzzReference(f *testing.F) {
	for _, image := range []string{"nginx", "docker.io/library/nginx:1", "REG.io/x", "reg.io/x:tag@sha256:" + strings.Repeat("a", 64), "user@r.example.com/x", "r.example.com:5000/x"} {
		f.Add(image)
	}
	c, err := registry.New(registry.Config{Hosts: []string{"r.example.com"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, image string) {
		if c.Allowed(image) && !strings.HasPrefix(strings.ToLower(image), "r.example.com") {
			t.Errorf("%q may be asked", image)
		}
	})
}
