package githubtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// commit answers for a commit; what it says is read when it is asked for.
type commit struct {
	node

	once   sync.Once
	detail record
	err    error
}

func (c *commit) record(ctx context.Context) (record, error) {
	c.once.Do(func() {
		if c.detail.oid == "" {
			c.detail, c.err = c.repo.s.git.record(ctx, c.oid)
		}
	})
	return c.detail, c.err
}

// URL is the commit's page.
func (c *commit) URL(ctx context.Context) scalar {
	return scalar(c.repo.s.html(asker(ctx), "/commit/"+c.oid))
}

// Message is the whole message.
func (c *commit) Message(ctx context.Context) (string, error) {
	d, err := c.record(ctx)
	return d.message, err
}

// MessageHeadline is the message's first paragraph.
func (c *commit) MessageHeadline(ctx context.Context) (string, error) {
	d, err := c.record(ctx)
	headline, _, _ := strings.Cut(d.message, "\n\n")
	return headline, err
}

// MessageBody is what follows the first paragraph.
func (c *commit) MessageBody(ctx context.Context) (string, error) {
	d, err := c.record(ctx)
	_, body, _ := strings.Cut(d.message, "\n\n")
	return body, err
}

// AuthoredDate is when the author made it.
func (c *commit) AuthoredDate(ctx context.Context) (scalar, error) {
	d, err := c.record(ctx)
	return scalar(d.author.date), err
}

// CommittedDate is when it came into the repository.
func (c *commit) CommittedDate(ctx context.Context) (scalar, error) {
	d, err := c.record(ctx)
	return scalar(d.committer.date), err
}

// Author is who made it.
func (c *commit) Author(ctx context.Context) (*gitActor, error) {
	d, err := c.record(ctx)
	return newActor(d.author), err
}

// Committer is who brought it in.
func (c *commit) Committer(ctx context.Context) (*gitActor, error) {
	d, err := c.record(ctx)
	return newActor(d.committer), err
}

// Tree is the root folder.
func (c *commit) Tree(ctx context.Context) (*tree, error) {
	d, err := c.record(ctx)
	return &tree{node: node{repo: c.repo, oid: d.tree}}, err
}

// File is the file or the folder at a path, or null.
func (c *commit) File(ctx context.Context, args struct{ Path string }) (*treeEntry, error) {
	found, err := c.repo.s.git.lookUp(ctx, c.oid, args.Path)
	if errors.Is(err, errMissing) {
		return nil, nil //nolint:nilnil // null is the schema's answer for no such path
	}
	if err != nil {
		return nil, err
	}
	return &treeEntry{repo: c.repo, entry: found, load: newLoader(c.repo.s, []string{found.oid})}, nil
}

// historyArgs are how the history is asked for.
type historyArgs struct {
	After *string
	First *int32
	Path  *string
	Since *scalar
	Until *scalar
}

// History is the commits that lead to this one, newest first.
func (c *commit) History(ctx context.Context, args historyArgs) (*history, error) {
	if args.First == nil || *args.First < 1 || *args.First > 100 {
		return nil, queryErrorf("EXCESSIVE_PAGINATION", "You must provide a `first` value of 1 to 100 for the `history` connection.")
	}
	first, skip := int(*args.First), 0
	if args.After != nil {
		at, err := strconv.Atoi(strings.TrimPrefix(*args.After, c.oid+" "))
		if err != nil {
			return nil, queryErrorf("INVALID_CURSOR_ARGUMENTS", "`%s` does not appear to be a valid cursor.", *args.After)
		}
		skip = at + 1
	}
	options := []string{c.oid, "--"}
	if args.Path != nil {
		options = append(options, *args.Path)
	}
	for name, value := range map[string]*scalar{"--since=": args.Since, "--until=": args.Until} {
		if value != nil {
			options = append([]string{name + string(*value)}, options...)
		}
	}
	page := []string{"--skip=" + strconv.Itoa(skip), "--max-count=" + strconv.Itoa(first+1)}
	records, err := c.repo.s.git.log(ctx, append(page, options...)...)
	if err != nil {
		return nil, err
	}
	h := &history{commit: c, options: options, skip: skip, more: len(records) > first}
	h.records = records[:min(first, len(records))]
	return h, nil
}

// history is one page of commits.
type history struct {
	commit  *commit
	options []string
	records []record
	skip    int
	more    bool
}

// Nodes are the commits.
func (h *history) Nodes() *[]*commit {
	list := make([]*commit, 0, len(h.records))
	for _, r := range h.records {
		list = append(list, &commit{node: node{repo: h.commit.repo, oid: r.oid}, detail: r})
	}
	return &list
}

// PageInfo says how to go on.
func (h *history) PageInfo() pageInfo {
	p := pageInfo{HasNextPage: h.more, HasPreviousPage: h.skip > 0}
	if n := len(h.records); n > 0 {
		p.StartCursor = new(fmt.Sprintf("%s %d", h.commit.oid, h.skip))
		p.EndCursor = new(fmt.Sprintf("%s %d", h.commit.oid, h.skip+n-1))
	}
	return p
}

// TotalCount counts all pages.
func (h *history) TotalCount(ctx context.Context) (int32, error) {
	n, err := h.commit.repo.s.git.count(ctx, h.options...)
	return int32(n), err //nolint:gosec // no repository of a test has billions of commits
}

type pageInfo struct {
	EndCursor       *string
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
}

type gitActor struct {
	Name  *string
	Email *string
	Date  *scalar
	User  *user
}

func newActor(a actor) *gitActor {
	g := &gitActor{Name: new(a.name), Email: new(a.email), Date: new(scalar(a.date))}
	if login, ok := strings.CutSuffix(a.email, "@users.noreply.github.com"); ok {
		g.User = &user{Login: login}
	}
	return g
}
