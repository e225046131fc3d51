package githubtest

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// maxContent is the largest file that the contents and the blob API put into JSON.
const maxContent = 1 << 20

// contentRoutes are the files, the trees and the blobs.
func (s *Server) contentRoutes() []route {
	at := "GET /repos/{owner}/{repo}"
	return []route{
		{pattern: at + "/contents/{path...}", resource: "contents", access: "read", answer: s.getContents},
		{pattern: at + "/git/trees/{sha}", resource: "contents", access: "read", answer: s.getTree},
		{pattern: at + "/git/blobs/{sha}", resource: "contents", access: "read", answer: s.getBlob},
		{pattern: at + "/git/ref/{ref...}", resource: "contents", access: "read", answer: s.getRef},
	}
}

func (s *Server) getContents(r *request) (any, error) {
	ref := r.URL.Query().Get("ref")
	if ref == "" {
		ref = s.config.Branch
	}
	commit, err := s.git.commit(r.Context(), ref)
	if errors.Is(err, errMissing) {
		return nil, &apiError{Status: http.StatusNotFound, Message: "No commit found for the ref " + ref}
	}
	if err != nil {
		return nil, err
	}
	path := strings.Trim(r.PathValue("path"), "/")
	found := entry{kind: "tree", oid: commit}
	if path != "" {
		found, err = s.git.lookUp(r.Context(), commit, path)
	}
	if errors.Is(err, errMissing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	if found.kind == "tree" {
		return s.folder(r, found.oid, path, ref)
	}
	return s.file(r, found, ref)
}

// folder lists a folder as the contents API does.
func (s *Server) folder(r *request, tree, path, ref string) (any, error) {
	entries, err := s.git.list(r.Context(), tree)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, e := range entries {
		if path != "" {
			e.path = path + "/" + e.path
		}
		list = append(list, s.contentJSON(r, e, ref))
	}
	return list, nil
}

// file gives a file with its content, in JSON or as it is.
func (s *Server) file(r *request, e entry, ref string) (any, error) {
	answer := s.contentJSON(r, e, ref)
	if e.kind != "blob" {
		return answer, nil
	}
	blobs, err := s.git.blobs(r.Context(), []string{e.oid})
	if err != nil {
		return nil, err
	}
	if wantsRaw(r) {
		return raw{contentType: "application/vnd.github.raw; charset=utf-8", body: blobs[0]}, nil
	}
	answer["encoding"], answer["content"] = "none", ""
	if e.size <= maxContent {
		answer["encoding"], answer["content"] = "base64", wrapped(blobs[0])
	}
	if e.mode == "120000" {
		answer["target"] = string(blobs[0])
	}
	return answer, nil
}

func (s *Server) contentJSON(r *request, e entry, ref string) map[string]any {
	kinds := map[string]string{"120000": "symlink", "160000": "submodule", "040000": "dir"}
	kind := kinds[e.mode]
	if kind == "" {
		kind = "file"
	}
	_, name, ok := cutLast(e.path, "/")
	if !ok {
		name = e.path
	}
	return map[string]any{
		"type": kind, "name": name, "path": e.path, "sha": e.oid, "size": e.size,
		"url":      s.api(r, "/contents/"+e.path+"?ref="+ref),
		"git_url":  s.api(r, "/git/"+e.kind+"s/"+e.oid),
		"html_url": s.html(r, "/blob/"+ref+"/"+e.path),
	}
}

func (s *Server) getTree(r *request) (any, error) {
	tree, err := s.git.resolve(r.Context(), r.PathValue("sha")+"^{tree}")
	if errors.Is(err, errMissing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	var options []string
	if r.URL.Query().Has("recursive") {
		options = []string{"-r", "-t"}
	}
	entries, err := s.git.list(r.Context(), tree.oid, options...)
	if err != nil {
		return nil, err
	}
	truncated := len(options) > 0 && len(entries) > s.config.TreeLimit
	if truncated {
		entries = entries[:s.config.TreeLimit]
	}
	list := make([]any, 0, len(entries))
	for _, e := range entries {
		line := map[string]any{"path": e.path, "mode": e.mode, "type": e.kind, "sha": e.oid}
		if e.kind == "blob" {
			line["size"] = e.size
		}
		list = append(list, line)
	}
	return map[string]any{
		"sha": tree.oid, "url": s.api(r, "/git/trees/"+tree.oid), "tree": list, "truncated": truncated,
	}, nil
}

func (s *Server) getBlob(r *request) (any, error) {
	found, err := s.git.resolve(r.Context(), r.PathValue("sha"))
	if errors.Is(err, errMissing) || (err == nil && found.kind != "blob") {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	blobs, err := s.git.blobs(r.Context(), []string{found.oid})
	if err != nil {
		return nil, err
	}
	if wantsRaw(r) {
		return raw{contentType: "application/vnd.github.raw; charset=utf-8", body: blobs[0]}, nil
	}
	return map[string]any{
		"sha": found.oid, "node_id": "B_" + found.oid, "size": len(blobs[0]), "encoding": "base64",
		"content": wrapped(blobs[0]), "url": s.api(r, "/git/blobs/"+found.oid),
	}, nil
}

func (s *Server) getRef(r *request) (any, error) {
	name := "refs/" + r.PathValue("ref")
	oid, err := s.git.commit(r.Context(), name)
	if errors.Is(err, errMissing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"ref": name, "node_id": "REF_" + name, "url": s.api(r, "/git/"+name),
		"object": map[string]string{"type": "commit", "sha": oid, "url": s.api(r, "/git/commits/"+oid)},
	}, nil
}

// wantsRaw says whether the asker wants a file's bytes instead of JSON.
func wantsRaw(r *request) bool { return strings.Contains(r.Header.Get("Accept"), "raw") }

// wrapped encodes as GitHub does, in lines of 60 characters.
func wrapped(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var out strings.Builder
	for len(text) > 60 {
		out.WriteString(text[:60] + "\n")
		text = text[60:]
	}
	out.WriteString(text + "\n")
	return out.String()
}

// cutLast splits around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+len(sep):], true
}
