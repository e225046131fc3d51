package manifest

import (
	"regexp"
	"strings"

	"rtbot/gitops"
)

// Reference is an image as a manifest names it: repository, tag and digest, of which the last two may be empty.
type Reference struct {
	Repository string
	Tag        string
	Digest     string
}

// reference is an image as a registry knows it: a host, a path, a tag, a digest.
var reference = regexp.MustCompile(`^((?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)` +
	`(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`)

// ParseReference takes an image apart; false is what no registry can have.
func ParseReference(image string) (Reference, bool) {
	parts := reference.FindStringSubmatch(image)
	if parts == nil || len(image) > 255+128+80 {
		return Reference{}, false
	}
	return Reference{Repository: parts[1], Tag: parts[2], Digest: parts[3]}, true
}

// String writes the image as a manifest does.
func (r Reference) String() string {
	s := r.Repository
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Host is the registry that holds the image.
func (r Reference) Host() string {
	host, _, found := strings.Cut(r.Repository, "/")
	if !found || (!strings.ContainsAny(host, ".:") && host != "localhost") {
		return "docker.io"
	}
	return host
}

// Image sets the image of one container: all of it, or only the tag where the reference has no repository. A tag is not
// set beside a digest, which is what counts. The container may be empty as in Resources.
func Image(file gitops.File, target gitops.Object, container string, want Reference) (Edit, error) {
	p, c, err := edit(file, target, container)
	if err != nil {
		return Edit{}, err
	}
	node, err := p.source.value(c, "image")
	if err != nil {
		return Edit{}, err
	}
	if node == nil {
		return Edit{}, p.source.refuse(Odd, c.Line)
	}
	was, ok := ParseReference(node.Value)
	if !ok {
		return Edit{}, p.source.refuse(Odd, node.Line)
	}
	if want.Repository == "" {
		if was.Digest != "" {
			return Edit{}, p.source.refuse(Digest, node.Line)
		}
		want.Repository = was.Repository
	}
	line := node.Line
	old, err := p.set(node, want.String())
	if err != nil {
		return Edit{}, err
	}
	edited, err := p.apply()
	if err != nil {
		return Edit{}, err
	}
	return Edit{Data: edited.Data, Line: line, Old: old, New: want.String()}, nil
}
