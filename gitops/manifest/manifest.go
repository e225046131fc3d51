// Package manifest edits Kubernetes manifests purely: bytes in, bytes out. Only the bytes of the one value change; what
// cannot be edited that way is refused, with the place. It reads no file and calls nobody.
package manifest

import (
	"fmt"
	"strconv"

	"rtbot/gitops"
)

// Code is why a manifest was not edited.
type Code string

// The reasons, a closed list.
const (
	Alias     Code = "alias"     // an anchor, alias or merge key shares the value
	Duplicate Code = "duplicate" // a key stands twice
	Syntax    Code = "yaml"      // not valid YAML
	Value     Code = "value"     // not a plain decimal number
	Absent    Code = "absent"    // the key is not there: Line is where it could be added
	Ambiguous Code = "ambiguous" // the object is declared more than once
	Tag       Code = "tag"       // a YAML tag stands on the way to the value
	Type      Code = "type"      // not a plain manifest: encrypted, a template, a pointer
	TooLarge  Code = "too-large" // over gitops.MaxFile
	TooDeep   Code = "too-deep"  // nested over 64 levels
	NotFound  Code = "not-found" // no file declares the object
	InKustom  Code = "kustomize" // the value stands in a kustomization
	InHelm    Code = "helm"      // the folder is a Helm chart
	Odd       Code = "odd"       // not written in a way that can be edited safely
	Container Code = "container" // no such container, or several to choose from: Names are those that there are
	Digest    Code = "digest"    // the image is pinned by its digest, so that a tag means nothing
)

// RefusedError says why and where a manifest was not edited.
type RefusedError struct {
	Code Code
	Path string
	Line int
	// Names are what there is to choose from.
	Names []string
}

// Error names the place and the reason.
func (r *RefusedError) Error() string { return fmt.Sprintf("%s:%d: %s", r.Path, r.Line, r.Code) }

// Declared is an object as a file declares it.
type Declared struct {
	gitops.Object
	APIVersion string
	// Line is where the object begins.
	Line int
}

// Edit is one value changed.
type Edit struct {
	// Data is the whole file after the edit.
	Data []byte
	// Line is where the value stands.
	Line int
	Old  string
	New  string
}

// Replicas sets the number of replicas of one object of a file. Where it is that number already, Data is as it was and
// Old equals New.
func Replicas(file gitops.File, target gitops.Object, n int32) (Edit, error) {
	return Set(file, target, []string{"spec", "replicas"}, strconv.Itoa(int(n)))
}

// Set gives the whole number at a path of keys a new value. A *RefusedError says why that cannot be done.
func Set(file gitops.File, target gitops.Object, path []string, value string) (Edit, error) {
	s, err := parse(file)
	if err != nil {
		return Edit{}, err
	}
	object, err := s.object(target)
	if err != nil {
		return Edit{}, err
	}
	node, err := s.scalar(object, path)
	if err != nil {
		return Edit{}, err
	}
	if node.Value == value {
		return Edit{Data: file.Data, Line: node.Line, Old: value, New: value}, nil
	}
	edited, err := s.splice(node, value)
	if err != nil {
		return Edit{}, err
	}
	return Edit{Data: edited, Line: node.Line, Old: node.Value, New: value}, nil
}
