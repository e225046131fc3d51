package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Secret says where a secret is: in a file or in the environment. It never holds the secret itself, and prints as
// [secret]. It is read each time that it is needed, so that a new one counts at once.
type Secret struct {
	File string `yaml:"file"`
	Env  string `yaml:"env"`
}

// String keeps where the secret is out of logs.
func (Secret) String() string { return "[secret]" }

// GoString keeps where the secret is out of logs.
func (Secret) GoString() string { return "[secret]" }

// UnmarshalYAML refuses a secret that is written into the file itself.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a secret is given as {file: PATH} or {env: NAME}, never in this file", n.Line)}}
	}
	for i := 0; i < len(n.Content); i += 2 { // the decoder is strict for plain types only
		if key := n.Content[i]; key.Value != "file" && key.Value != "env" {
			return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a secret has no %q, only file or env", key.Line, key.Value)}}
		}
	}
	type plain Secret
	if err := n.Decode((*plain)(s)); err != nil {
		return err
	}
	if (s.File == "") == (s.Env == "") {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: a secret has a file or an env, one of them", n.Line)}}
	}
	return nil
}

// Read returns the secret as it is now, without the blanks and line ends around it. An error names the place, never the
// content.
func (c *Config) Read(s Secret, getenv func(string) string) (string, error) {
	secret, err := c.find(s, getenv)
	if err == nil && c.Seen != nil {
		c.Seen(secret)
	}
	return secret, err
}

func (c *Config) find(s Secret, getenv func(string) string) (string, error) {
	if s.Env != "" {
		if v := getenv(s.Env); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("secret: the environment has no %s", s.Env)
	}
	text, err := os.ReadFile(filepath.Clean(c.Path(s.File)))
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\uFEFF")))
	if len(text) == 0 {
		return "", errors.New("secret: the file " + s.File + " is empty")
	}
	return string(text), nil
}
