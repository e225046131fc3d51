package manifest

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// Objects lists what a file declares, the items of a List too.
func Objects(file gitops.File) ([]Declared, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	var found []Declared
	for _, o := range s.objects() {
		found = append(found, declared(o))
	}
	return found, nil
}

// objects are the mappings that declare an object.
func (s *source) objects() []*yaml.Node {
	var found []*yaml.Node
	for _, d := range s.documents {
		if len(d.Content) == 0 || d.Content[0].Kind != yaml.MappingNode {
			continue
		}
		root := d.Content[0]
		if items := child(root, "items"); strings.HasSuffix(text(root, "kind"), "List") && items != nil {
			found = append(found, slices.DeleteFunc(slices.Clone(items.Content), func(n *yaml.Node) bool { return n.Kind != yaml.MappingNode })...)
			continue
		}
		found = append(found, root)
	}
	return found
}

// Document returns the one object of a file as YAML of its own, for those who only read it.
func Document(file gitops.File, target gitops.Object) ([]byte, error) {
	s, err := parse(file)
	if err != nil {
		return nil, err
	}
	o, err := s.object(target)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(o)
}

func declared(o *yaml.Node) Declared {
	version := text(o, "apiVersion")
	group, _, grouped := strings.Cut(version, "/")
	if !grouped {
		group = ""
	}
	meta := child(o, "metadata")
	return Declared{APIVersion: version, Line: o.Line, Object: gitops.Object{
		Group: group, Kind: text(o, "kind"), Namespace: text(meta, "namespace"), Name: text(meta, "name"),
	}}
}

// is reports whether a declaration means an object: without a namespace it goes where its Application goes.
func (d Declared) is(o gitops.Object) bool {
	return d.Group == o.Group && d.Kind == o.Kind && d.Name == o.Name && (d.Namespace == "" || d.Namespace == o.Namespace)
}

// object finds the one mapping that declares the target.
func (s *source) object(target gitops.Object) (*yaml.Node, error) {
	var found *yaml.Node
	for _, o := range s.objects() {
		if !declared(o).is(target) {
			continue
		}
		if found != nil {
			return nil, s.refuse(Ambiguous, o.Line)
		}
		found = o
	}
	if found == nil {
		return nil, s.refuse(NotFound, 1)
	}
	if sops := child(found, "sops"); sops != nil && child(sops, "mac") != nil {
		return nil, s.refuse(Type, sops.Line)
	}
	return found, nil
}

// decimal is a whole number as people write it: no sign, no needless zero, no other base.
var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})$`)

// scalar walks from an object to the number at a path, and refuses whatever makes an edit there mean more than it says.
func (s *source) scalar(object *yaml.Node, path []string) (*yaml.Node, error) {
	node := object
	for i, key := range path {
		if err := s.plain(node); err != nil {
			return nil, err
		}
		if node.Kind != yaml.MappingNode {
			return nil, s.refuse(Value, node.Line)
		}
		next, err := s.value(node, key)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return nil, s.absent(node, path[i:])
		}
		node = next
	}
	return node, s.number(node)
}

// number refuses what is not a whole number as people write it.
func (s *source) number(n *yaml.Node) error {
	if err := s.plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.ScalarNode || n.Style != 0 || n.Tag != "!!int" || !decimal.MatchString(n.Value) {
		return s.refuse(Value, n.Line)
	}
	return nil
}

// plain refuses a node that is shared with another place, or that has a tag of its own.
func (s *source) plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode, s.shared[n]:
		return s.refuse(Alias, n.Line)
	case n.Style&yaml.TaggedStyle != 0:
		return s.refuse(Tag, n.Line)
	}
	return nil
}

// value finds a key's value in a mapping, nil where the key is not there.
func (s *source) value(mapping *yaml.Node, key string) (*yaml.Node, error) {
	var found, merged *yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		k, v := mapping.Content[i], mapping.Content[i+1]
		if k.Tag == "!!merge" {
			merged = k
		}
		if !names(k, key) {
			continue
		}
		if found != nil {
			return nil, s.refuse(Duplicate, k.Line)
		}
		found = v
	}
	if found == nil && merged != nil {
		return nil, s.refuse(Alias, merged.Line) // the value may come from there
	}
	return found, nil
}

// absent refuses a path that ends early, with the line behind the mapping's own where it could be added.
func (s *source) absent(mapping *yaml.Node, _ []string) error {
	line := mapping.Line
	if len(mapping.Content) > 0 {
		line = mapping.Content[0].Line
	}
	return s.refuse(Absent, line)
}

func child(mapping *yaml.Node, key string) *yaml.Node {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if names(mapping.Content[i], key) {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// names reports whether a mapping's key is this word.
func names(k *yaml.Node, word string) bool {
	return k.Kind == yaml.ScalarNode && k.Tag == "!!str" && k.Value == word
}

func text(mapping *yaml.Node, key string) string {
	if n := child(mapping, key); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}
