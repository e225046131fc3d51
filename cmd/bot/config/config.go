// Package config reads the bot's one configuration file, strictly: what is unknown, missing or wrong is reported all
// together, each with its line. It reads the file and nothing else.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Config is the whole configuration.
type Config struct {
	// Language is spoken to people whose language is not known.
	Language string `yaml:"language"`
	// Journal is sqlite:PATH, relative to the file.
	Journal    string     `yaml:"journal"`
	Web        Web        `yaml:"web"`
	Ops        Ops        `yaml:"ops"`
	Slack      *Slack     `yaml:"slack"`
	Matrix     *Matrix    `yaml:"matrix"`
	GitHub     GitHub     `yaml:"github"`
	ArgoCD     ArgoCD     `yaml:"argocd"`
	Kubernetes Kubernetes `yaml:"kubernetes"`
	Registry   Registry   `yaml:"registry"`
	Workflow   *Workflow  `yaml:"workflow"`
	People     []Person   `yaml:"people"`
	Policy     Policy     `yaml:"policy"`

	// Seen is told each secret that is read, before it is used, so that it can be kept out of what is shown; nil where
	// nobody has to know.
	Seen func(secret string) `yaml:"-"`

	dir string
}

// Web is the web chat.
type Web struct {
	// Listen is a loopback address; the web chat is off where it is empty.
	Listen string `yaml:"listen"`
	// Trust is "names" where people are believed who they say they are (the lab), or empty.
	Trust string `yaml:"trust"`
}

// Ops is where health and metrics are asked for.
type Ops struct {
	Listen string `yaml:"listen"`
}

// GitHub is the repository that changes go to.
type GitHub struct {
	// Repository is OWNER/NAME.
	Repository string  `yaml:"repository"`
	Branch     string  `yaml:"branch"`
	Token      *Secret `yaml:"token"`
	App        *App    `yaml:"app"`
	// APIURL is empty for github.com.
	APIURL string `yaml:"api_url"`
}

// App is a GitHub App, in place of a token.
type App struct {
	ID           int64  `yaml:"id"`
	Installation int64  `yaml:"installation"`
	Key          Secret `yaml:"key"`
}

// ArgoCD is the Argo CD that follows the repository.
type ArgoCD struct {
	// Server is HOST:PORT.
	Server    string `yaml:"server"`
	Token     Secret `yaml:"token"`
	Plaintext bool   `yaml:"plaintext"`
	// Applications are the Applications whose apps the bot knows.
	Applications []string `yaml:"applications"`
	// AddTo is the Application that new apps are added to.
	AddTo string `yaml:"add_to"`
}

// Kubernetes is the cluster.
type Kubernetes struct {
	// Kubeconfig is a file, relative to this one; empty inside a cluster.
	Kubeconfig string   `yaml:"kubeconfig"`
	Namespaces []string `yaml:"namespaces"`
}

// Person is somebody the bot knows, with an immutable ID for each platform.
type Person struct {
	Name   string `yaml:"name"`
	Role   string `yaml:"role"`
	Slack  string `yaml:"slack"`
	Matrix string `yaml:"matrix"`
	Web    string `yaml:"web"`
}

// Policy is what changes need somebody's approval, and how much one person may ask.
type Policy struct {
	MaxReplicas       int      `yaml:"max_replicas"`
	Protected         []string `yaml:"protected"`
	RequestsPerMinute int      `yaml:"requests_per_minute"`
	ChangesPerMinute  int      `yaml:"changes_per_minute"`
}

// Load reads the file at path. All problems come back in one error, a line each.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c := Config{
		Language: "en", Journal: "sqlite:rt.db", Web: Web{Listen: "127.0.0.1:8090"}, Ops: Ops{Listen: ":8081"},
		GitHub: GitHub{Branch: "main"}, Policy: Policy{MaxReplicas: 20, RequestsPerMinute: 30, ChangesPerMinute: 6}, dir: filepath.Dir(path),
	}
	if err := c.read(text); err != nil {
		return Config{}, fmt.Errorf("%s is not right:\n%w", path, err)
	}
	return c, nil
}

// unknownKey is how the decoder says that it does not know a key.
var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// read decodes and checks, and reports what both find.
func (c *Config) read(text []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(c)
	var wrong *yaml.TypeError
	var found problems
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	case errors.As(err, &wrong):
		for _, line := range wrong.Errors {
			found.lines = append(found.lines, unknownKey.ReplaceAllString(line, "there is no key $1 here"))
		}
	case err != nil:
		return err
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		found.lines = append(found.lines, "there is a second document behind the first")
	}
	found.root = &root
	c.check(&found)
	return found.err()
}

// Path is a path of the configuration, taken from the folder that the file is in.
func (c *Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// JournalDSN is where the journal is, with its path made whole.
func (c *Config) JournalDSN() string {
	scheme, path, _ := strings.Cut(c.Journal, ":")
	return scheme + ":" + c.Path(path)
}
