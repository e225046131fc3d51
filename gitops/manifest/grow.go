package manifest

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// growth is what is added to one mapping, in the way in which it is written there.
type growth struct {
	mapping *yaml.Node
	// index is where the new keys come among the mapping's own, and at where their text does.
	index int
	at    int
	pairs []*yaml.Node
	// indent is how far the new lines are indented; -1 in a mapping between braces.
	indent int
	// start and end are the line endings around new lines, and quote the mark around the keys between braces.
	start, end, quote string
}

// grow adds the rest of a path to a mapping.
func (p *patch) grow(mapping *yaml.Node, path []string, value string) error {
	for _, g := range p.grown {
		if g.mapping == mapping {
			g.pairs = p.add(g.pairs, path, value)
			return nil
		}
	}
	g := &growth{mapping: mapping, pairs: p.pair(path, value), indent: -1}
	if mapping.Style&yaml.FlowStyle != 0 {
		p.between(g)
	} else if err := p.below(g); err != nil {
		return err
	}
	p.grown = append(p.grown, g)
	return nil
}

// between places new keys first between braces, written as the key beside them is.
func (p *patch) between(g *growth) {
	data, m := p.source.file.Data, g.mapping
	if len(m.Content) == 0 {
		g.at = offset(data, m.Line, m.Column)
		if i := bytes.IndexByte(data[g.at:], '{'); i >= 0 { // an anchor may stand before the brace
			g.at += i + 1
		}
		return
	}
	g.at = offset(data, m.Content[0].Line, m.Content[0].Column)
	if m.Content[0].Style == yaml.DoubleQuotedStyle {
		g.quote = `"`
	}
}

// below places new lines behind one of the mapping's own: behind the image or the name of a container, where people expect
// them, else behind the last.
func (p *patch) below(g *growth) error {
	m := g.mapping
	if len(m.Content) == 0 {
		return p.source.refuse(Odd, m.Line)
	}
	g.index, g.indent = len(m.Content), m.Content[0].Column-1
	after := last(m)
	for _, key := range []string{"name", "image"} {
		for i := 0; i+1 < len(m.Content); i += 2 {
			if names(m.Content[i], key) && m.Content[i+1].Kind == yaml.ScalarNode {
				after, g.index = m.Content[i+1], i+2
			}
		}
	}
	p.open(g, after.Line, after.Column)
	return nil
}

// last is the scalar with which a node ends.
func last(n *yaml.Node) *yaml.Node {
	for len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

// fill makes a mapping of a key behind which nothing stands.
func (p *patch) fill(parent, value *yaml.Node) {
	var key *yaml.Node
	for i := 0; i+1 < len(parent.Content); i += 2 {
		if parent.Content[i+1] == value {
			key = parent.Content[i]
		}
	}
	g := &growth{mapping: value, indent: key.Column - 1 + p.step}
	*value = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: value.Line}
	p.ours[value] = true
	p.open(g, key.Line, key.Column)
	p.grown = append(p.grown, g)
}

// open places new lines behind the line of a position.
func (p *patch) open(g *growth, line, column int) {
	data := p.source.file.Data
	g.at = offset(data, line, column)
	i := bytes.IndexAny(data[g.at:], "\r\n")
	if i < 0 { // the last line, which has no ending
		g.at, g.start = len(data), p.ending()
		return
	}
	g.at += i + 1
	g.end = string(data[g.at-1])
	if g.end == "\r" && g.at < len(data) && data[g.at] == '\n' {
		g.at, g.end = g.at+1, "\r\n"
	}
}

// ending is how the file ends its lines.
func (p *patch) ending() string {
	if bytes.Contains(p.source.file.Data, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// extend adds the rest of a path to a mapping that is ours.
func (p *patch) extend(node *yaml.Node, path []string, value string) {
	for _, g := range p.grown {
		if g.mapping == node { // a key behind which nothing stood
			g.pairs = p.add(g.pairs, path, value)
			return
		}
	}
	node.Content = p.add(node.Content, path, value)
}

// add adds the rest of a path to keys that are ours.
func (p *patch) add(pairs []*yaml.Node, path []string, value string) []*yaml.Node {
	for i := 0; i+1 < len(pairs); i += 2 {
		if names(pairs[i], path[0]) && len(path) > 1 {
			p.extend(pairs[i+1], path[1:], value)
			return pairs
		}
	}
	return append(pairs, p.pair(path, value)...)
}

// pair makes a key and what is behind it.
func (p *patch) pair(path []string, value string) []*yaml.Node {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0]}
	behind := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if len(path) > 1 {
		behind = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: p.pair(path[1:], value)}
	}
	p.ours[key], p.ours[behind] = true, true
	return []*yaml.Node{key, behind}
}

// join adds the new keys to the mapping itself.
func (g *growth) join() { g.mapping.Content = slices.Insert(g.mapping.Content, g.index, g.pairs...) }

// splice is the text of the new keys, and where it goes.
func (g *growth) splice(step int) splice {
	if g.indent < 0 {
		text := g.flow(g.pairs)
		if len(g.mapping.Content) > 0 {
			text += ", "
		}
		return splice{at: g.at, text: text}
	}
	lines := block(g.pairs, g.indent, step)
	end := g.end
	if g.start != "" {
		end = g.start
	}
	text := strings.Join(lines, end)
	if g.start != "" {
		return splice{at: g.at, text: g.start + text}
	}
	return splice{at: g.at, text: text + end}
}

// block writes keys as lines.
func block(pairs []*yaml.Node, indent, step int) []string {
	var lines []string
	for i := 0; i+1 < len(pairs); i += 2 {
		line := strings.Repeat(" ", indent) + pairs[i].Value + ":"
		if pairs[i+1].Kind == yaml.MappingNode {
			lines = append(append(lines, line), block(pairs[i+1].Content, indent+step, step)...)
			continue
		}
		lines = append(lines, line+" "+quoted(pairs[i+1].Value, ""))
	}
	return lines
}

// flow writes keys between braces, as they are there.
func (g *growth) flow(pairs []*yaml.Node) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		value := quoted(pairs[i+1].Value, g.quote)
		if pairs[i+1].Kind == yaml.MappingNode {
			value = "{" + g.flow(pairs[i+1].Content) + "}"
		}
		parts = append(parts, g.quote+pairs[i].Value+g.quote+": "+value)
	}
	return strings.Join(parts, ", ")
}

var number = regexp.MustCompile(`^[0-9.]+$`)

// quoted writes a text so that YAML reads it as one.
func quoted(value, mark string) string {
	if mark == "" && number.MatchString(value) {
		mark = `"`
	}
	return mark + value + mark
}
