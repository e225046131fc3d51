package change

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// Class is how much a change may hurt: it comes from what the change does, never from the verb that asks for it.
type Class string

// The classes.
const (
	Change Class = "change"
	Danger Class = "danger"
)

// Effect is one thing that a change does.
type Effect struct {
	Code   EffectCode `json:"code"`
	Object string     `json:"object"`
	Detail string     `json:"detail,omitempty"`
}

// EffectCode names a kind of effect.
type EffectCode string

// The effects. All but the last three make a change dangerous.
const (
	ToZero       EffectCode = "to-zero"       // no pod is left
	TooMany      EffectCode = "too-many"      // more replicas than the policy lets pass
	Removes      EffectCode = "removes"       // an object goes
	OtherImage   EffectCode = "other-image"   // the image comes from another repository
	Protected    EffectCode = "protected"     // the app is on the policy's list
	AlsoPrunes   EffectCode = "also-prunes"   // the same sync removes something else
	AlsoChanges  EffectCode = "also-changes"  // the same sync changes something else
	OtherCommits EffectCode = "other-commits" // the same sync brings commits that are not applied yet
	HoldsNodes   EffectCode = "holds-nodes"   // a disruption budget then lets no pod be moved away
)

// Policy is what the configuration says of changes.
type Policy struct {
	// MaxReplicas is how many replicas need no approval; 0 means that any number does.
	MaxReplicas int
	// Protected are names of apps of which any change is dangerous.
	Protected []string
	// Own are names of apps that are never edited: the bot's own.
	Own []string
}

// classify is the class of all effects together.
func classify(effects []Effect) Class {
	if slices.ContainsFunc(effects, Effect.dangerous) {
		return Danger
	}
	return Change
}

func dangerousFirst(effects []Effect) []Effect {
	dangers := slices.DeleteFunc(slices.Clone(effects), func(e Effect) bool { return !e.dangerous() })
	rest := slices.DeleteFunc(effects, Effect.dangerous)
	return append(dangers, rest...)
}

func (e Effect) dangerous() bool {
	return e.Code != AlsoChanges && e.Code != OtherCommits && e.Code != HoldsNodes
}

// effects compares the manifests before and after an edit.
func (p Policy) effects(before []gitops.File, edited Edited, target gitops.Object) ([]Effect, error) {
	var found []Effect
	if slices.Contains(p.Protected, target.Name) {
		found = append(found, Effect{Code: Protected, Object: target.String()})
	}
	old, changed := map[gitops.Object]object{}, map[gitops.Object]object{}
	for _, f := range before {
		after, ok := edited.file(f.Path)
		if !ok {
			continue
		}
		if err := errors.Join(collect(old, f.Data), collect(changed, after)); err != nil {
			return nil, fmt.Errorf("compare %s: %w", f.Path, err)
		}
	}
	for _, name := range sorted(old) {
		found = append(found, p.compare(name, old[name], changed[name])...)
	}
	return found, nil
}

// file is what an edit makes of a file: nothing is left of a deleted one.
func (e Edited) file(path string) (after []byte, touched bool) {
	for _, f := range e.Files {
		if f.Path == path {
			return f.Data, true
		}
	}
	return nil, slices.Contains(e.Deleted, path)
}

func (p Policy) compare(which gitops.Object, before, after object) []Effect {
	name := which.String()
	if after.Kind == "" {
		return []Effect{{Code: Removes, Object: name}}
	}
	var found []Effect
	if was, is := before.replicas(), after.replicas(); was != is {
		switch {
		case is == 0:
			found = append(found, Effect{Code: ToZero, Object: name})
		case is > p.MaxReplicas:
			found = append(found, Effect{Code: TooMany, Object: name, Detail: strconv.Itoa(p.MaxReplicas)})
		}
	}
	images := after.images()
	for container, image := range before.images() {
		if now := images[container]; now != "" && repository(now) != repository(image) {
			found = append(found, Effect{Code: OtherImage, Object: name, Detail: repository(now)})
		}
	}
	slices.SortFunc(found, func(a, b Effect) int { return strings.Compare(string(a.Code)+a.Detail, string(b.Code)+b.Detail) })
	return found
}

// object is the part of a manifest that effects are read from.
type object struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"metadata"`
	Spec struct {
		Replicas *int `yaml:"replicas"`
		Template struct {
			Spec struct {
				Containers     []container `yaml:"containers"`
				InitContainers []container `yaml:"initContainers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
	Items []object `yaml:"items"`
}

type container struct {
	Name  string `yaml:"name"`
	Image string `yaml:"image"`
}

// replicas is the number of replicas, which is 1 where a manifest does not say.
func (o object) replicas() int {
	if o.Spec.Replicas == nil {
		return 1
	}
	return *o.Spec.Replicas
}

func (o object) images() map[string]string {
	images := map[string]string{}
	for _, c := range o.Spec.Template.Spec.InitContainers {
		images["init/"+c.Name] = c.Image
	}
	for _, c := range o.Spec.Template.Spec.Containers {
		images[c.Name] = c.Image
	}
	return images
}

// repository is an image reference without its tag and digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		image = image[:colon]
	}
	return image
}

// collect adds a file's objects by kind, namespace and name.
func collect(into map[gitops.Object]object, data []byte) error {
	documents := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var o object
		err := documents.Decode(&o)
		if errors.Is(err, io.EOF) {
			return nil
		}
		var mismatch *yaml.TypeError // a document of another shape, which holds no workload
		if err != nil && !errors.As(err, &mismatch) {
			return err
		}
		for _, item := range append([]object{o}, o.Items...) {
			if item.Kind != "" && item.Metadata.Name != "" {
				into[gitops.Object{Kind: item.Kind, Namespace: item.Metadata.Namespace, Name: item.Metadata.Name}] = item
			}
		}
	}
}

func sorted(objects map[gitops.Object]object) []gitops.Object {
	return slices.SortedFunc(maps.Keys(objects), func(a, b gitops.Object) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.String(), b.String()))
	})
}
