package manifest

import (
	"cmp"
	"slices"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// container finds a container of an object by its name. Without a name it is the only one, or that of the object's own name.
func (s *source) container(object *yaml.Node, target gitops.Object, name string) (*yaml.Node, error) {
	pod, err := s.descend(object, "spec", "template", "spec")
	if err != nil {
		return nil, err
	}
	main, err := s.list(pod, "containers")
	if err != nil {
		return nil, err
	}
	first, err := s.list(pod, "initContainers")
	if err != nil {
		return nil, err
	}
	if name == "" {
		return s.only(main, pod, target)
	}
	return s.named(slices.Concat(main, first), name, pod)
}

// only is the container that is meant where nobody names one.
func (s *source) only(containers []*yaml.Node, pod *yaml.Node, target gitops.Object) (*yaml.Node, error) {
	if len(containers) == 1 {
		return containers[0], s.mapping(containers[0])
	}
	return s.named(containers, target.Name, pod)
}

func (s *source) named(containers []*yaml.Node, name string, pod *yaml.Node) (*yaml.Node, error) {
	var found *yaml.Node
	var known []string
	for _, c := range containers {
		if err := s.mapping(c); err != nil {
			return nil, err
		}
		called, err := s.value(c, "name")
		if err != nil {
			return nil, err
		}
		if called == nil || called.Kind != yaml.ScalarNode {
			return nil, s.refuse(Odd, c.Line)
		}
		known = append(known, called.Value)
		switch {
		case called.Value != name:
		case found != nil:
			return nil, s.refuse(Duplicate, c.Line)
		default:
			found = c
		}
	}
	if found == nil {
		return nil, &RefusedError{Code: Container, Path: s.file.Path, Line: pod.Line, Names: known}
	}
	return found, nil
}

// descend walks down a path of mappings, all of which must be there.
func (s *source) descend(node *yaml.Node, path ...string) (*yaml.Node, error) {
	for _, key := range path {
		if err := s.mapping(node); err != nil {
			return nil, err
		}
		next, err := s.value(node, key)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return nil, s.refuse(Odd, node.Line)
		}
		node = next
	}
	return node, s.mapping(node)
}

// list is the sequence behind a key, nothing where the key is not there.
func (s *source) list(mapping *yaml.Node, key string) ([]*yaml.Node, error) {
	n, err := s.value(mapping, key)
	if err != nil || n == nil {
		return nil, err
	}
	if err := s.plain(n); err != nil {
		return nil, err
	}
	if n.Kind != yaml.SequenceNode {
		return nil, s.refuse(Odd, n.Line)
	}
	return n.Content, nil
}

// edit parses a file and begins a patch of one container.
func edit(file gitops.File, target gitops.Object, name string) (*patch, *yaml.Node, error) {
	s, err := parse(file)
	if err != nil {
		return nil, nil, err
	}
	object, err := s.object(target)
	if err != nil {
		return nil, nil, err
	}
	c, err := s.container(object, target, name)
	if err != nil {
		return nil, nil, err
	}
	return newPatch(s, object), c, nil
}

// lineOf is where a value stands that is not changed.
func lineOf(n *yaml.Node, path ...string) int {
	line := n.Line
	for _, key := range path {
		n = child(n, key)
		if n == nil {
			break
		}
		line = cmp.Or(n.Line, line)
	}
	return line
}
