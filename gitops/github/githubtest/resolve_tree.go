package githubtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"path"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	gqlerrors "github.com/graph-gophers/graphql-go/errors"
)

// maxText is how much of a file a query gives.
const maxText = 512_000

// errTooMuch means that a query asks for more than GitHub answers in ten seconds.
var errTooMuch = errors.New("the query takes too long")

// tree answers for a folder.
type tree struct {
	node

	// at is the folder's path from the root, where it is known.
	at string
}

// Entries are what is in the folder.
func (t *tree) Entries(ctx context.Context) (*[]*treeEntry, error) {
	found, err := t.repo.s.git.list(ctx, t.oid)
	if err != nil {
		return nil, err
	}
	var blobs []string
	for _, e := range found {
		if e.kind == "blob" {
			blobs = append(blobs, e.oid)
		}
	}
	load := newLoader(t.repo.s, blobs)
	list := make([]*treeEntry, 0, len(found))
	for _, e := range found {
		e.path = path.Join(t.at, e.path)
		list = append(list, &treeEntry{repo: t.repo, entry: e, load: load})
	}
	return &list, nil
}

// treeEntry answers for a line of a folder.
type treeEntry struct {
	repo  *repository
	entry entry
	load  *loader
}

// Extension is the file's, with its dot.
func (e *treeEntry) Extension() *string { return new(path.Ext(e.entry.path)) }

// IsGenerated is never known here.
func (*treeEntry) IsGenerated() bool { return false }

// Mode is the number that Git keeps, in decimal.
func (e *treeEntry) Mode() (int32, error) {
	n, err := strconv.ParseInt(e.entry.mode, 8, 32)
	return int32(n), err
}

// Name is the last part of the path.
func (e *treeEntry) Name() string { return strings.ToValidUTF8(path.Base(e.entry.path), "\uFFFD") }

// NameRaw is the name's bytes.
func (e *treeEntry) NameRaw() scalar { return encoded(path.Base(e.entry.path)) }

// Path is from the root.
func (e *treeEntry) Path() *string { return new(strings.ToValidUTF8(e.entry.path, "\uFFFD")) }

// PathRaw is the path's bytes.
func (e *treeEntry) PathRaw() *scalar { return new(encoded(e.entry.path)) }

// Oid is the object's name.
func (e *treeEntry) Oid() scalar { return scalar(e.entry.oid) }

// Repository is where the entry is.
func (e *treeEntry) Repository() *repository { return e.repo }

// Size is the file's, in bytes.
func (e *treeEntry) Size() int32 { return int32(e.entry.size) } //nolint:gosec // no file of a test has gigabytes

// Type is blob, tree or commit (a submodule).
func (e *treeEntry) Type() string { return e.entry.kind }

// Object is the file or the folder itself; a submodule has none here.
func (e *treeEntry) Object() *gitObject {
	node := node{repo: e.repo, oid: e.entry.oid}
	switch e.entry.kind {
	case "tree":
		return &gitObject{&tree{node: node, at: e.entry.path}}
	case "blob":
		return &gitObject{&blob{node: node, size: e.entry.size, load: e.load}}
	default:
		return nil
	}
}

// blob answers for a file's content.
type blob struct {
	node

	size int
	load *loader
}

// ByteSize is the whole file's.
func (b *blob) ByteSize() int32 { return int32(b.size) } //nolint:gosec // no file of a test has gigabytes

// IsTruncated says whether Text is only the beginning.
func (b *blob) IsTruncated() bool { return b.size > maxText }

// IsBinary says whether the file is no text.
func (b *blob) IsBinary(ctx context.Context) (*bool, error) {
	data, err := b.load.get(ctx, b.oid)
	return new(binary(data)), err
}

// Text is the file's content as text, as much of it as a query gives; null if it is none.
func (b *blob) Text(ctx context.Context) (*string, error) {
	data, err := b.load.get(ctx, b.oid)
	if err != nil || binary(data) {
		return nil, err
	}
	if len(data) > maxText {
		data = data[:maxText]
		for !utf8.Valid(data[max(0, len(data)-utf8.UTFMax):]) && len(data) > maxText-utf8.UTFMax {
			data = data[:len(data)-1]
		}
	}
	return new(strings.ToValidUTF8(string(data), "\uFFFD")), nil
}

// binary judges as Git does, by a zero byte near the beginning.
func binary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

// loader reads the blobs of one folder at once, when the first of them is asked for.
type loader struct {
	s    *Server
	oids []string

	once sync.Once
	data map[string][]byte
	err  error
}

func newLoader(s *Server, oids []string) *loader { return &loader{s: s, oids: oids} }

func (l *loader) get(ctx context.Context, oid string) ([]byte, error) {
	l.once.Do(func() {
		if len(l.oids) > l.s.config.TextLimit {
			l.err = errTooMuch
			return
		}
		var blobs [][]byte
		blobs, l.err = l.s.git.blobs(ctx, l.oids)
		l.data = make(map[string][]byte, len(blobs))
		for i, b := range blobs {
			l.data[l.oids[i]] = b
		}
	})
	return l.data[oid], l.err
}

// tooMuch says whether a query was given up.
func tooMuch(list []*gqlerrors.QueryError) bool {
	for _, e := range list {
		if errors.Is(e.ResolverError, errTooMuch) {
			return true
		}
	}
	return false
}

func encoded(s string) scalar { return scalar(base64.StdEncoding.EncodeToString([]byte(s))) }
