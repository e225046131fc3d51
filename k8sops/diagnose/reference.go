package diagnose

import "strings"

// DockerHub is the registry of an image whose name has no host.
const DockerHub = "docker.io"

// Image is an image's name in its parts. They are what the name says, checked by nobody.
type Image struct {
	Host       string
	Repository string
	Tag        string
	Digest     string
}

// Version is the tag, or the digest where there is one.
func (i Image) Version() string {
	switch {
	case i.Digest != "":
		return i.Digest
	case i.Tag != "":
		return i.Tag
	}
	return "latest"
}

// Reference takes an image's name apart as the container runtimes do.
func Reference(image string) Image {
	var i Image
	image, i.Digest, _ = strings.Cut(image, "@")
	host, rest, found := strings.Cut(image, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host, rest = DockerHub, image
	}
	if at := strings.LastIndex(rest, ":"); at >= 0 {
		rest, i.Tag = rest[:at], rest[at+1:]
	}
	i.Host = CanonicalHost(host)
	if i.Host == DockerHub && !strings.Contains(rest, "/") {
		rest = "library/" + rest
	}
	i.Repository = rest
	return i
}

// CanonicalHost gives a registry its one name, whether it is written as a host, as the address of its API, or as Docker
// Hub's several names.
func CanonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	for _, scheme := range []string{"https://", "http://"} {
		host = strings.TrimPrefix(host, scheme)
	}
	host, _, _ = strings.Cut(host, "/")
	switch host = strings.TrimSuffix(host, ":443"); host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com", "www.docker.io":
		return DockerHub
	}
	return host
}
