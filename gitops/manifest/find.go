package manifest

import (
	"errors"
	"path"
	"slices"

	"rtbot/gitops"
)

// Find returns the file that declares an object. Files that do not parse are passed over unless nothing else declares it:
// then they are named, since one of them may. A folder that is made by kustomize or Helm is refused with the place.
func Find(files []gitops.File, target gitops.Object) (gitops.File, Declared, error) {
	return find(files, target, "replicas", target.Name)
}

// FindImage is Find for an edit of an image: in a kustomization it names the place of its images.
func FindImage(files []gitops.File, target gitops.Object) (gitops.File, Declared, error) {
	return find(files, target, "images", "")
}

func find(files []gitops.File, target gitops.Object, list, name string) (gitops.File, Declared, error) {
	if err := layout(files, list, name); err != nil {
		return gitops.File{}, Declared{}, err
	}
	var found []gitops.File
	var where []Declared
	var unread error
	for _, f := range files {
		objects, err := Objects(f)
		if err != nil {
			unread = cmpOr(unread, err)
			continue
		}
		for _, d := range objects {
			if d.is(target) {
				found, where = append(found, f), append(where, d)
			}
		}
	}
	switch {
	case len(found) > 1:
		return gitops.File{}, Declared{}, &RefusedError{Code: Ambiguous, Path: found[1].Path, Line: where[1].Line}
	case len(found) == 1:
		return found[0], where[0], nil
	case unread != nil:
		return gitops.File{}, Declared{}, unread
	}
	return gitops.File{}, Declared{}, &RefusedError{Code: NotFound}
}

func cmpOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// layout refuses a folder whose files are not the manifests themselves.
func layout(files []gitops.File, list, name string) error {
	for _, f := range files {
		switch path.Base(f.Path) {
		case "Chart.yaml":
			return &RefusedError{Code: InHelm, Path: f.Path, Line: 1}
		case "kustomization.yaml", "kustomization.yml", "Kustomization":
			return inKustomization(f, list, name)
		}
	}
	return nil
}

// inKustomization names the line of a kustomization where the entry of a list stands, any of its entries where no name is
// given, or its first line.
func inKustomization(f gitops.File, list, name string) error {
	refused := &RefusedError{Code: InKustom, Path: f.Path, Line: 1}
	s, err := parse(f)
	if err != nil {
		return errors.Join(refused, err)
	}
	for _, root := range s.objects() {
		entries := child(root, list)
		if entries == nil {
			continue
		}
		for _, entry := range slices.Clone(entries.Content) {
			if refused.Line == 1 && (name == "" || text(entry, "name") == name) {
				refused.Line = entry.Line
			}
		}
	}
	return refused
}
