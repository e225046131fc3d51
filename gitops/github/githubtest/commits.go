package githubtest

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// The most that a comparison gives at once.
const (
	maxCompareFiles   = 300
	maxCompareCommits = 250
)

// commitRoutes are the commits and what differs between them.
func (s *Server) commitRoutes() []route {
	at := "GET /repos/{owner}/{repo}"
	return []route{
		{pattern: at + "/commits", resource: "contents", access: "read", answer: s.listCommits},
		{pattern: at + "/commits/{ref...}", resource: "contents", access: "read", answer: s.getCommit},
		{pattern: at + "/compare/{basehead...}", resource: "contents", access: "read", answer: s.compare},
	}
}

func (s *Server) listCommits(r *request) (any, error) {
	q := r.URL.Query()
	start, err := s.git.commit(r.Context(), cmp.Or(q.Get("sha"), s.config.Branch))
	if errors.Is(err, errMissing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	page, size := paging(r, 30)
	args := []string{"--max-count=" + strconv.Itoa(size), "--skip=" + strconv.Itoa((page-1)*size)}
	for _, option := range []string{"since", "until", "author"} {
		if value := q.Get(option); value != "" {
			args = append(args, "--"+option+"="+value)
		}
	}
	args = append(args, start, "--")
	if path := q.Get("path"); path != "" {
		args = append(args, path)
	}
	records, err := s.git.log(r.Context(), args...)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, c := range records {
		list = append(list, s.commitJSON(r, c))
	}
	return list, nil
}

func (s *Server) getCommit(r *request) (any, error) {
	ref := r.PathValue("ref")
	oid, err := s.git.commit(r.Context(), ref)
	if errors.Is(err, errMissing) {
		return nil, errNoCommit(ref)
	}
	if err != nil {
		return nil, err
	}
	c, err := s.git.record(r.Context(), oid)
	if err != nil {
		return nil, err
	}
	answer := s.commitJSON(r, c)
	if len(c.parents) > 0 {
		files, err := s.git.diff(r.Context(), c.parents[0], oid)
		if err != nil {
			return nil, err
		}
		answer["files"] = filesJSON(files)
	}
	return answer, nil
}

// compare answers what is in head and not in base, oldest first, and which files differ from their common ancestor.
func (s *Server) compare(r *request) (any, error) {
	before, after, ok := strings.Cut(r.PathValue("basehead"), "...")
	base, err := s.git.commit(r.Context(), before)
	head, problem := s.git.commit(r.Context(), after)
	if !ok || errors.Is(errors.Join(err, problem), errMissing) {
		return nil, errNotFound
	}
	if err = errors.Join(err, problem); err != nil {
		return nil, err
	}
	ancestor, err := s.git.mergeBase(r.Context(), base, head)
	if err != nil {
		text := "No common ancestor between " + before + " and " + after + "."
		return nil, &apiError{Status: http.StatusNotFound, Message: text}
	}
	ahead, err := s.git.count(r.Context(), base+".."+head)
	behind, problem := s.git.count(r.Context(), head+".."+base)
	if err = errors.Join(err, problem); err != nil {
		return nil, err
	}
	answer := map[string]any{
		"status": compareStatus(ahead, behind), "ahead_by": ahead, "behind_by": behind, "total_commits": ahead,
		"html_url": s.html(r, "/compare/"+before+"..."+after),
	}
	return answer, s.fillCompare(r, answer, [3]string{base, ancestor, head})
}

// fillCompare adds one page of commits and, on the first, the files.
func (s *Server) fillCompare(r *request, answer map[string]any, at [3]string) error {
	base, ancestor, head := at[0], at[1], at[2]
	page, size := paging(r, maxCompareCommits)
	commits, err := s.git.log(r.Context(), "--reverse", base+".."+head, "--")
	if err != nil {
		return err
	}
	from := min((page-1)*size, len(commits))
	list := []any{}
	for _, c := range commits[from:min(from+size, len(commits))] {
		list = append(list, s.commitJSON(r, c))
	}
	answer["commits"], answer["files"] = list, []any{}
	if page == 1 {
		files, err := s.git.diff(r.Context(), ancestor, head)
		if err != nil {
			return err
		}
		answer["files"] = filesJSON(files[:min(len(files), maxCompareFiles)])
	}
	for key, oid := range map[string]string{"base_commit": base, "merge_base_commit": ancestor} {
		c, err := s.git.record(r.Context(), oid)
		if err != nil {
			return err
		}
		answer[key] = s.commitJSON(r, c)
	}
	return nil
}

func compareStatus(ahead, behind int) string {
	switch {
	case ahead > 0 && behind > 0:
		return "diverged"
	case ahead > 0:
		return "ahead"
	case behind > 0:
		return "behind"
	default:
		return "identical"
	}
}

func filesJSON(files []difference) []any {
	list := []any{}
	for _, d := range files {
		line := map[string]any{"sha": d.oid, "filename": d.path, "status": d.status}
		if d.previous != "" {
			line["previous_filename"] = d.previous
		}
		list = append(list, line)
	}
	return list
}

func (s *Server) commitJSON(r *request, c record) map[string]any {
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, map[string]string{
			"sha": p, "url": s.api(r, "/commits/"+p), "html_url": s.html(r, "/commit/"+p),
		})
	}
	verified := c.committer.email == "noreply@github.com"
	reason := "unsigned"
	if verified {
		reason = "valid"
	}
	return map[string]any{
		"sha": c.oid, "node_id": "C_" + c.oid, "url": s.api(r, "/commits/"+c.oid), "html_url": s.html(r, "/commit/"+c.oid),
		"commit": map[string]any{
			"author": actorJSON(c.author), "committer": actorJSON(c.committer), "message": c.message,
			"tree":         map[string]string{"sha": c.tree, "url": s.api(r, "/git/trees/"+c.tree)},
			"verification": map[string]any{"verified": verified, "reason": reason},
		},
		"parents": parents,
	}
}

func actorJSON(a actor) map[string]string {
	return map[string]string{"name": a.name, "email": a.email, "date": a.date}
}

// commitPage stands in for the page of a commit on github.com, for people who follow a link to it; there is no other page.
func (s *Server) commitPage(r *request) (any, error) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) != 5 || parts[3] != "commit" || !s.isRepository(parts[1], parts[2]) {
		return nil, errNotFound
	}
	oid, err := s.git.commit(r.Context(), parts[4])
	if errors.Is(err, errMissing) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	text, err := s.git.run(r.Context(), nil, "show", "--no-color", "--no-ext-diff", "--no-textconv", oid, "--")
	return raw{contentType: "text/plain; charset=utf-8", body: text}, err
}

// paging gives the page that is asked for and its size, at most 100 where one is named.
func paging(r *request, size int) (page, perPage int) {
	q := r.URL.Query()
	page, perPage = 1, size
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		page = n
	}
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		perPage = min(n, 100)
	}
	return page, perPage
}
