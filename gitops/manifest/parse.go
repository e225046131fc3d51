package manifest

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// source is a file taken apart: its documents, and which anchors something points at.
type source struct {
	file      gitops.File
	documents []*yaml.Node
	// shared are the anchored nodes that an alias points at.
	shared map[*yaml.Node]bool
}

// deepest is how many levels of nesting are read.
const deepest = 64

// parse reads a file's documents without giving meaning to them. What a file costs is bounded by its size.
func parse(file gitops.File) (*source, error) {
	s := &source{file: file, shared: map[*yaml.Node]bool{}}
	if len(file.Data) > gitops.MaxFile {
		return nil, s.refuse(TooLarge, 1)
	}
	if !utf8.Valid(file.Data) || bytes.HasPrefix(file.Data, []byte("version https://git-lfs")) {
		return nil, s.refuse(Type, 1)
	}
	if line := nesting(file.Data); line > 0 {
		return nil, s.refuse(TooDeep, line)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(file.Data))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, s.broken(err)
		}
		if err := s.inspect(&document, 0); err != nil {
			return nil, err
		}
		s.documents = append(s.documents, &document)
	}
}

// nesting returns the line at which brackets are nested too deeply, 0 where none are: the parser itself recurses.
func nesting(data []byte) int {
	depth, line := 0, 1
	for _, b := range data {
		switch b {
		case '\n':
			line++
		case '[', '{':
			if depth++; depth > 4*deepest {
				return line
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return 0
}

var lineOfError = regexp.MustCompile(`line (\d+)`)

// broken refuses a file that does not parse. A template is one that a program fills in before it is YAML.
func (s *source) broken(err error) error {
	if bytes.Contains(s.file.Data, []byte("{{")) {
		return s.refuse(Type, 1)
	}
	line := 1
	if found := lineOfError.FindStringSubmatch(err.Error()); found != nil {
		line, _ = strconv.Atoi(found[1]) // digits only
	}
	return s.refuse(Syntax, line)
}

// inspect finds what is shared by aliases, and what is nested too deeply.
func (s *source) inspect(n *yaml.Node, depth int) error {
	if depth > deepest {
		return s.refuse(TooDeep, n.Line)
	}
	if n.Kind == yaml.AliasNode {
		s.shared[n.Alias] = true
		return nil
	}
	for _, child := range n.Content {
		if err := s.inspect(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) refuse(code Code, line int) *RefusedError {
	return &RefusedError{Code: code, Path: s.file.Path, Line: line}
}
