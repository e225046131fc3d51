package github

import (
	"context"
	"crypto/sha1" //nolint:gosec // Git names its objects by it
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/google/go-github/v92/github"
	"golang.org/x/sync/errgroup"

	"rtbot/gitops"
)

// maxParallel is how many requests run at once.
const maxParallel = 8

// walk lists a folder object by object, from the branch's head down.
func (r *Repository) walk(ctx context.Context, at string) (snapshot, error) {
	var branch *github.Branch
	err := r.read(ctx, func(ctx context.Context) (err error) {
		branch, _, err = r.client.Repositories.GetBranch(ctx, r.owner, r.name, r.branch, 1)
		return err
	})
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{head: branch.GetCommit().GetSHA(), tree: branch.GetCommit().GetCommit().GetTree().GetSHA()}
	if !isSHA(s.head) || !isSHA(s.tree) {
		return snapshot{}, nonsense("a commit %q with a tree %q", s.head, s.tree)
	}
	above := ""
	for part := range strings.SplitSeq(at, "/") {
		if s.items, err = r.tree(ctx, s.tree, above, false); err != nil || part == "" {
			return s, err
		}
		above = path.Join(above, part)
		if s.tree = subfolder(s.items, above); s.tree == "" {
			return snapshot{}, missing("the folder")
		}
	}
	s.items, err = r.tree(ctx, s.tree, at, false)
	return s, err
}

func subfolder(items []item, at string) string {
	for _, i := range items {
		if i.path == at && i.mode == modeFolder {
			return i.oid
		}
	}
	return ""
}

// descend adds the files of the subfolders, if there are any.
func (r *Repository) descend(ctx context.Context, at string, s *snapshot) error {
	known := map[string]item{}
	folders := false
	for _, i := range s.items {
		known[i.oid] = i
		folders = folders || i.mode == modeFolder
	}
	if !folders {
		return nil
	}
	items, err := r.tree(ctx, s.tree, at, true)
	if err != nil {
		return err
	}
	for n := range items {
		items[n].data, items[n].binary = known[items[n].oid].data, known[items[n].oid].binary
	}
	s.items = items
	return nil
}

// tree lists a tree, with or without its subfolders.
func (r *Repository) tree(ctx context.Context, oid, at string, recurse bool) ([]item, error) {
	var tree *github.Tree
	err := r.read(ctx, func(ctx context.Context) (err error) {
		tree, _, err = r.client.Git.GetTree(ctx, r.owner, r.name, oid, recurse)
		return err
	})
	if err != nil {
		return nil, err
	}
	if tree.GetTruncated() {
		return nil, tooMuch("more files than GitHub lists")
	}
	items := make([]item, 0, len(tree.Entries))
	for _, e := range tree.Entries {
		if !validPath(e.GetPath()) || !isSHA(e.GetSHA()) {
			return nil, nonsense("an entry %q", e.GetPath())
		}
		items = append(items, item{path: path.Join(at, e.GetPath()), mode: e.GetMode(), oid: e.GetSHA(), size: e.GetSize()})
	}
	return items, nil
}

// fill reads the files that have not been read yet, several at once.
func (r *Repository) fill(ctx context.Context, kept []*item) error {
	total := 0
	for _, i := range kept {
		total += i.size
	}
	if len(kept) > maxFiles || total > maxTotal {
		return tooMuch(fmt.Sprintf("%d manifests of %d bytes", len(kept), total))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for _, i := range kept {
		if i.data != nil {
			continue
		}
		group.Go(func() (err error) {
			i.data, err = r.blob(ctx, i.oid)
			return err
		})
	}
	return group.Wait()
}

// blob reads a file by its object's name, and believes it only if it has that name.
func (r *Repository) blob(ctx context.Context, oid string) ([]byte, error) {
	var data []byte
	err := r.read(ctx, func(ctx context.Context) (err error) {
		data, _, err = r.client.Git.GetBlobRaw(ctx, r.owner, r.name, oid)
		return err
	})
	if err != nil {
		return nil, err
	}
	if blobName(data) != oid {
		return nil, nonsense("another file than %s", oid)
	}
	return data, nil
}

// blobName is the name that Git gives to a file's content.
func blobName(data []byte) string {
	h := sha1.New() //nolint:gosec // Git names its objects by it
	h.Write([]byte("blob " + strconv.Itoa(len(data)) + "\x00"))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

func tooMuch(what string) error {
	return &gitops.RefusedError{Code: gitops.Invalid, Detail: "the folder has " + what}
}
