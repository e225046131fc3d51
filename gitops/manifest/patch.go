package manifest

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// patch collects what is to change in a file. The parsed documents are changed along with it: what they become is what the
// new bytes must parse to.
type patch struct {
	source  *source
	splices []splice
	grown   []*growth
	// ours are the nodes that were set or added: how they are written is ours to choose.
	ours map[*yaml.Node]bool
	// step is how far the file indents one level.
	step int
}

// splice puts text in the place of some bytes.
type splice struct {
	at   int
	old  int
	text string
}

func newPatch(s *source, object *yaml.Node) *patch {
	p := &patch{source: s, ours: map[*yaml.Node]bool{}, step: 2}
	for i := 0; i+1 < len(object.Content); i += 2 {
		key, value := object.Content[i], object.Content[i+1]
		if names(key, "spec") && blockMapping(value) && value.Content[0].Column > key.Column {
			p.step = value.Content[0].Column - key.Column
		}
	}
	return p
}

func blockMapping(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// put gives the scalar at a path of keys a value, and adds what is missing of the path. It returns what stood there, which
// is empty where nothing did.
func (p *patch) put(mapping *yaml.Node, path []string, value string) (old string, err error) {
	if !written.MatchString(value) {
		return "", p.source.refuse(Odd, mapping.Line)
	}
	node := mapping
	for i, key := range path {
		if p.ours[node] {
			p.extend(node, path[i:], value)
			return "", nil
		}
		if err := p.source.mapping(node); err != nil {
			return "", err
		}
		next, err := p.source.value(node, key)
		if err != nil {
			return "", err
		}
		if next == nil {
			return "", p.grow(node, path[i:], value)
		}
		if i < len(path)-1 && empty(next) {
			p.fill(node, next)
		}
		node = next
	}
	return p.set(node, value)
}

// mapping refuses what is no mapping, or is one that an edit cannot be made in safely.
func (s *source) mapping(n *yaml.Node) error {
	if err := s.plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return s.refuse(Odd, n.Line)
	}
	return nil
}

// empty reports whether nothing stands behind a key.
func empty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == "" && n.Anchor == ""
}

// set puts another value in the place of a scalar, between the same quotes.
func (p *patch) set(n *yaml.Node, value string) (old string, err error) {
	if p.ours[n] {
		return "", p.source.refuse(Odd, n.Line)
	}
	start, err := p.source.begin(n)
	if err != nil {
		return "", err
	}
	old = n.Value
	if old != value {
		p.splices = append(p.splices, splice{at: start, old: len(old), text: value})
		n.Value, p.ours[n] = value, true
	}
	return old, nil
}

// begin is where the text of a scalar begins, behind its quote. What is not written as it reads is refused.
func (s *source) begin(n *yaml.Node) (int, error) {
	if err := s.plain(n); err != nil {
		return 0, err
	}
	quote := map[yaml.Style]string{0: "", yaml.DoubleQuotedStyle: `"`, yaml.SingleQuotedStyle: "'"}
	mark, known := quote[n.Style]
	if n.Kind != yaml.ScalarNode || !known || n.Tag == "!!null" || !written.MatchString(n.Value) {
		return 0, s.refuse(Odd, n.Line)
	}
	start := s.start(n)
	if start > len(s.file.Data) || !bytes.HasPrefix(s.file.Data[start:], []byte(mark+n.Value+mark)) {
		return 0, s.refuse(Odd, n.Line)
	}
	return start + len(mark), nil
}

// written are the values that these edits read and write: a quantity, an image reference. None of its signs means
// anything to YAML where it stands.
var written = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/:@+-]*[A-Za-z0-9_])?$`)

// apply makes the new file and proves it: it parses to what the documents were, but for what was set and added.
func (p *patch) apply() (Edit, error) {
	// Where two mappings end with the same line, the inner one goes on first.
	slices.SortStableFunc(p.grown, func(a, b *growth) int { return cmp.Compare(b.indent, a.indent) })
	for _, g := range p.grown {
		p.splices = append(p.splices, g.splice(p.step))
		g.join()
	}
	data := p.source.file.Data
	if len(p.splices) == 0 {
		return Edit{Data: data}, nil
	}
	slices.SortStableFunc(p.splices, func(a, b splice) int { return cmp.Compare(a.at, b.at) })
	var edited bytes.Buffer
	at := 0
	for _, s := range p.splices {
		if s.at < at {
			return Edit{}, p.source.refuse(Odd, 1)
		}
		edited.Write(data[at:s.at])
		edited.WriteString(s.text)
		at = s.at + s.old
	}
	edited.Write(data[at:])
	line := 1 + bytes.Count(data[:p.splices[0].at], []byte("\n"))
	again, err := parse(gitops.File{Path: p.source.file.Path, Data: edited.Bytes()})
	if err != nil || !slices.EqualFunc(p.source.documents, again.documents, p.proves) {
		return Edit{}, p.source.refuse(Odd, line)
	}
	return Edit{Data: edited.Bytes(), Line: line}, nil
}

// proves reports whether another reading is this one. How our own nodes are written does not count.
func (p *patch) proves(want, got *yaml.Node) bool {
	if want.Kind != got.Kind || want.Value != got.Value || want.Anchor != got.Anchor {
		return false
	}
	if !p.ours[want] && (want.Tag != got.Tag || want.Style != got.Style) {
		return false
	}
	return slices.EqualFunc(want.Content, got.Content, p.proves)
}
