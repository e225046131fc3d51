// Package gitops knows Git and Argo CD: what a change of files is, what a commit is, what an Application is.
// It never reads a pod, and it speaks to nobody: what it says are values, codes and evidence.
package gitops

import "time"

// File is one regular file of the repository.
type File struct {
	// Path is relative to the repository's root, with slashes.
	Path string
	Data []byte
}

// Tree is a folder as it was at one commit.
type Tree struct {
	// Head is the commit on the branch's tip that the files belong to.
	Head string
	// Files are sorted by path.
	Files []File
	// Unread are the files that were left out, sorted by path.
	Unread []Unread
}

// Unread is a file of a folder that cannot be edited.
type Unread struct {
	Path   string
	Reason UnreadReason
}

// UnreadReason is why a file cannot be edited.
type UnreadReason string

// The reasons why a file cannot be edited.
const (
	Symlink   UnreadReason = "symlink"
	Submodule UnreadReason = "submodule"
	TooLarge  UnreadReason = "too-large" // over MaxFile
	Binary    UnreadReason = "binary"    // not UTF-8 text
	OddMode   UnreadReason = "odd-mode"  // an executable, or another mode than a plain file's
)

// MaxFile is the largest file that is read for editing, in bytes.
const MaxFile = 512 << 10

// Change is what one commit is to do, all of it or nothing.
type Change struct {
	// Head is the commit that the branch must still be at.
	Head string
	// Files are written with these contents; Deleted are removed.
	Files    []File
	Deleted  []string
	Headline string
	Body     string
}

// Commit is a commit on the branch.
type Commit struct {
	SHA     string
	Message string
	Author  string
	At      time.Time
}

// Rewrite is what a commit made of one file. Both are nil where the file was made, removed or moved as a whole.
type Rewrite struct {
	Path   string
	Before []byte
	After  []byte
}

// Object names an object of the cluster as a manifest declares it.
type Object struct {
	Group     string
	Kind      string
	Namespace string
	Name      string
}

// String gives kind and name, as people write it.
func (o Object) String() string { return o.Kind + "/" + o.Name }
