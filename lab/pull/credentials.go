package pull

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Credentials are a name and a password for one registry.
type Credentials struct{ Host, Name, Password string }

// entry is one registry of a dockerconfigjson.
type entry struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Auth     string `json:"auth"`
}

// FromSecret reads a pull secret as a kubelet does. One of another type has nothing to say.
func FromSecret(secret *corev1.Secret) ([]Credentials, error) {
	entries := map[string]entry{}
	switch secret.Type {
	case corev1.SecretTypeDockerConfigJson:
		config := struct {
			Auths *map[string]entry `json:"auths"`
		}{&entries}
		if err := json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &config); err != nil {
			return nil, unreadable(secret)
		}
	case corev1.SecretTypeDockercfg:
		if err := json.Unmarshal(secret.Data[corev1.DockerConfigKey], &entries); err != nil {
			return nil, unreadable(secret)
		}
	default:
		return nil, nil
	}
	var all []Credentials
	for host, e := range entries {
		c, err := e.credentials()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", unreadable(secret), err)
		}
		c.Host = hostOf(host)
		all = append(all, c)
	}
	return all, nil
}

// unreadable does not quote the parser, which would quote the secret.
func unreadable(secret *corev1.Secret) error {
	return fmt.Errorf("secret %s/%s cannot be read", secret.Namespace, secret.Name)
}

// credentials takes the name and the password from auth where they are not given by themselves. A password can have a
// colon in it, a name cannot.
func (e entry) credentials() (Credentials, error) {
	if e.Auth == "" {
		return Credentials{Name: e.Username, Password: e.Password}, nil
	}
	text, err := base64.StdEncoding.DecodeString(e.Auth)
	if err != nil {
		return Credentials{}, errors.New("auth is not base64")
	}
	name, password, ok := strings.Cut(string(text), ":")
	if !ok {
		return Credentials{}, errors.New("auth has no colon")
	}
	return Credentials{Name: name, Password: strings.TrimRight(password, "\x00")}, nil
}

// hostOf gives the registry that a key means: Docker Hub has several names.
func hostOf(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, _, _ := strings.Cut(key, "/")
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		return dockerHub
	}
	return host
}
