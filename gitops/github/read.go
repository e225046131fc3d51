package github

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"rtbot/gitops"
)

// What one Read takes at most: a folder of manifests is far smaller.
const (
	maxFiles = 1_000
	maxTotal = 32 << 20
)

// folderQuery gives the branch's head and, of that very commit, a folder's files with their text.
const folderQuery = `query($owner: String!, $name: String!, $ref: String!, $path: String!, $root: Boolean!) {
	repository(owner: $owner, name: $name) {
		ref(qualifiedName: $ref) {
			target {
				oid
				... on Commit {
					tree @include(if: $root) { ...folder }
					file(path: $path) @skip(if: $root) { object { ... on Tree { ...folder } } }
				}
			}
		}
	}
}
fragment folder on Tree {
	oid
	entries { name mode oid object { ... on Blob { byteSize isBinary text } } }
}`

// folderAnswer is the answer to folderQuery.
type folderAnswer struct {
	Repository struct {
		Ref *struct{ Target target }
	}
}

// target is the commit that the branch is at. Tree is the root, File another folder: one of them was asked for.
type target struct {
	OID  string
	Tree *listing
	File *struct{ Object *listing }
}

func (t target) folder() *listing {
	if t.File != nil {
		return t.File.Object
	}
	return t.Tree
}

// listing is a folder as the query gives it.
type listing struct {
	OID     string
	Entries []line
}

// line is a file or a folder in a listing.
type line struct {
	Name   string
	Mode   int
	OID    string
	Object struct {
		ByteSize int
		IsBinary *bool
		Text     *string
	}
}

// item is a file or a folder that was listed.
type item struct {
	path   string
	mode   string
	oid    string
	size   int
	binary bool
	// data is nil where it has not been read yet.
	data []byte
}

// snapshot is a folder at one commit.
type snapshot struct {
	head  string
	tree  string
	items []item
}

// The modes that a tree's entries have.
const (
	modeFile      = "100644"
	modeFolder    = "040000"
	modeSymlink   = "120000"
	modeSubmodule = "160000"
)

// Read gives the branch's head and the manifests (.yaml, .yml, .json) that the folder has at that commit, with those of its
// subfolders if recurse is set. It is one request where GitHub gives everything in one; what is missing then comes by the
// names of the objects, so that it belongs to the same commit whoever pushes in between.
//
//nolint:revive // recurse is the Application's own setting, directory.recurse
func (r *Repository) Read(ctx context.Context, folder string, recurse bool) (gitops.Tree, error) {
	at, err := cleanFolder(folder)
	if err != nil {
		return gitops.Tree{}, err
	}
	s, err := r.folder(ctx, at)
	if err == nil && recurse {
		err = r.descend(ctx, at, &s)
	}
	if err != nil {
		return gitops.Tree{}, fmt.Errorf("read folder %q: %w", at, err)
	}
	tree, kept := sortOut(s)
	if err := r.fill(ctx, kept); err != nil {
		return gitops.Tree{}, fmt.Errorf("read folder %q: %w", at, err)
	}
	for _, i := range kept {
		if !utf8.Valid(i.data) || slices.Contains(i.data, 0) {
			tree.Unread = append(tree.Unread, gitops.Unread{Path: i.path, Reason: gitops.Binary})
			continue
		}
		tree.Files = append(tree.Files, gitops.File{Path: i.path, Data: i.data})
	}
	slices.SortFunc(tree.Files, func(a, b gitops.File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(tree.Unread, func(a, b gitops.Unread) int { return strings.Compare(a.Path, b.Path) })
	return tree, nil
}

// folder lists a folder in one request, or in several where the one asks for more than GitHub answers.
func (r *Repository) folder(ctx context.Context, at string) (snapshot, error) {
	q := question{Query: folderQuery, Variables: map[string]any{
		"owner": r.owner, "name": r.name, "ref": "refs/heads/" + r.branch, "path": at, "root": at == "",
	}}
	var answer folderAnswer
	err := r.read(ctx, func(ctx context.Context) error { return r.ask(ctx, q, &answer) })
	if _, ok := errors.AsType[*answerError](err); ok {
		return r.walk(ctx, at)
	}
	if err != nil {
		return snapshot{}, err
	}
	return answer.snapshot(at)
}

// snapshot checks the answer and takes it over.
func (a *folderAnswer) snapshot(at string) (snapshot, error) {
	ref := a.Repository.Ref
	if ref == nil {
		return snapshot{}, missing("the branch")
	}
	list := ref.Target.folder()
	if list == nil || list.OID == "" {
		return snapshot{}, missing("the folder")
	}
	s := snapshot{head: ref.Target.OID, tree: list.OID}
	if !isSHA(s.head) || !isSHA(s.tree) {
		return snapshot{}, nonsense("a commit %q with a tree %q", s.head, s.tree)
	}
	for _, l := range list.Entries {
		if strings.Contains(l.Name, "/") || !validPath(l.Name) || !isSHA(l.OID) {
			return snapshot{}, nonsense("an entry %q", l.Name)
		}
		s.items = append(s.items, l.item(at))
	}
	return s, nil
}

// item takes a line over. Its text is believed only if it is what the object's name says: a query may cut or change text.
func (l line) item(at string) item {
	i := item{path: path.Join(at, l.Name), mode: fmt.Sprintf("%06o", l.Mode), oid: l.OID, size: l.Object.ByteSize}
	i.binary = l.Object.IsBinary != nil && *l.Object.IsBinary
	if text := l.Object.Text; text != nil && blobName([]byte(*text)) == l.OID {
		i.data = []byte(*text)
	}
	return i
}

// sortOut tells the files that are to be read from those that cannot be edited, and from what is no manifest.
func sortOut(s snapshot) (gitops.Tree, []*item) {
	tree := gitops.Tree{Head: s.head}
	var kept []*item
	for n := range s.items {
		i := &s.items[n]
		if i.mode == modeFolder || (i.mode != modeSubmodule && !manifest(i.path)) {
			continue
		}
		if reason := i.unreadable(); reason != "" {
			tree.Unread = append(tree.Unread, gitops.Unread{Path: i.path, Reason: reason})
			continue
		}
		kept = append(kept, i)
	}
	return tree, kept
}

// unreadable says why an item cannot be edited, as far as that is known without its content.
func (i *item) unreadable() gitops.UnreadReason {
	switch {
	case i.mode == modeSubmodule:
		return gitops.Submodule
	case i.mode == modeSymlink:
		return gitops.Symlink
	case i.mode != modeFile:
		return gitops.OddMode
	case i.size > gitops.MaxFile:
		return gitops.TooLarge
	case i.binary, strings.ContainsRune(i.path, utf8.RuneError):
		return gitops.Binary
	default:
		return ""
	}
}

// manifest says whether a file's name is that of a manifest.
func manifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// cleanFolder takes a folder relative to the root; the root itself is empty, "." or "/".
func cleanFolder(folder string) (string, error) {
	at := strings.Trim(folder, "/")
	if at == "." {
		at = ""
	}
	if at != "" && !validPath(at) {
		return "", &gitops.RefusedError{Code: gitops.Invalid, Detail: fmt.Sprintf("%q is not a folder", folder)}
	}
	return at, nil
}

// validPath takes a path that stays inside of the repository and that Git can hold.
func validPath(p string) bool {
	if !utf8.ValidString(p) || strings.ContainsRune(p, 0) {
		return false
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}

func missing(what string) error {
	return &gitops.RefusedError{Code: gitops.NotFound, Detail: what + " is not there"}
}

// nonsense is an answer that GitHub does not give: somebody else speaks, and nothing was learned.
func nonsense(format string, args ...any) error {
	return fmt.Errorf("%w: the answer has "+format, append([]any{gitops.ErrUnreachable}, args...)...)
}
