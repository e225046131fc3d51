package githubtest

import (
	"context"
	"errors"
	"strings"

	"github.com/graph-gophers/graphql-go"
)

// query answers the root fields.
type query struct{ s *Server }

// Viewer answers whose token it is.
func (q *query) Viewer(ctx context.Context) user { return user{Login: asker(ctx).token.Login} }

// Repository answers the one repository, to those who may see it.
func (q *query) Repository(ctx context.Context, args struct {
	Owner         string
	Name          string
	FollowRenames bool
},
) (*repository, error) {
	if !q.s.isRepository(args.Owner, args.Name) || !asker(ctx).token.sees() {
		return nil, queryErrorf("NOT_FOUND", "Could not resolve to a Repository with the name '%s/%s'.", args.Owner, args.Name)
	}
	return &repository{s: q.s}, nil
}

// user is an account.
type user struct{ Login string }

// repository answers for the repository.
type repository struct{ s *Server }

// ID is the node's.
func (*repository) ID() graphql.ID { return "R_1" }

// Name is without the owner.
func (r *repository) Name() string { return r.s.config.Name }

// NameWithOwner is the full name.
func (r *repository) NameWithOwner() string { return r.s.fullName() }

// IsArchived says whether it is read-only.
func (r *repository) IsArchived() bool { return r.s.current().Archived }

// IsPrivate is always so.
func (*repository) IsPrivate() bool { return true }

// URL is its page.
func (r *repository) URL(ctx context.Context) scalar { return scalar(r.s.html(asker(ctx), "")) }

// DefaultBranchRef is the default branch, or null in an empty repository.
func (r *repository) DefaultBranchRef(ctx context.Context) (*ref, error) {
	return r.find(ctx, "refs/heads/"+r.s.config.Branch)
}

// Ref finds a branch by its name, with or without refs/heads/.
func (r *repository) Ref(ctx context.Context, args struct{ QualifiedName string }) (*ref, error) {
	name := args.QualifiedName
	if !strings.HasPrefix(name, "refs/") {
		name = "refs/heads/" + name
	}
	return r.find(ctx, name)
}

func (r *repository) find(ctx context.Context, name string) (*ref, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	oid, err := r.s.git.commit(ctx, name)
	if errors.Is(err, errMissing) {
		return nil, nil //nolint:nilnil // null is the schema's answer for no such branch
	}
	if err != nil {
		return nil, err
	}
	return &ref{repo: r, full: name, oid: oid}, nil
}

// Object finds an object by an expression, as branch:path, or by its name.
func (r *repository) Object(ctx context.Context, args struct {
	Expression *string
	Oid        *scalar
},
) (*gitObject, error) {
	if err := readable(ctx); err != nil {
		return nil, err
	}
	expression := ""
	if args.Expression != nil {
		expression = *args.Expression
	}
	if args.Oid != nil {
		expression = string(*args.Oid)
	}
	return r.object(ctx, expression)
}

func (r *repository) object(ctx context.Context, expression string) (*gitObject, error) {
	found, err := r.s.git.resolve(ctx, expression)
	if errors.Is(err, errMissing) {
		return nil, nil //nolint:nilnil // null is the schema's answer for no such object
	}
	if err != nil {
		return nil, err
	}
	node := node{repo: r, oid: found.oid}
	switch found.kind {
	case "commit":
		return &gitObject{&commit{node: node}}, nil
	case "tree":
		return &gitObject{&tree{node: node}}, nil
	case "blob":
		size, err := r.s.git.size(ctx, found.oid)
		return &gitObject{&blob{node: node, size: size, load: newLoader(r.s, []string{found.oid})}}, err
	default:
		return nil, queryErrorf("UNPROCESSABLE", "objects of kind %s are not served", found.kind)
	}
}

// readable says whether the asker may read files and commits.
func readable(ctx context.Context) error {
	if t := asker(ctx).token; !t.may("contents", "read") {
		return queryErrorf("FORBIDDEN", "%s", forbidden(t))
	}
	return nil
}

// ref is a branch.
type ref struct {
	repo *repository
	full string
	oid  string
}

// ID is the node's.
func (r *ref) ID() graphql.ID { return graphql.ID("REF_" + r.full) }

// Name is without the prefix.
func (r *ref) Name() string { return strings.TrimPrefix(r.full, r.Prefix()) }

// Prefix is refs/heads/ for a branch.
func (r *ref) Prefix() string {
	parts := strings.SplitN(r.full, "/", 3)
	return strings.Join(parts[:len(parts)-1], "/") + "/"
}

// Repository is where the branch is.
func (r *ref) Repository() *repository { return r.repo }

// Target is the commit that the branch was at when it was asked for.
func (r *ref) Target() *gitObject {
	return &gitObject{&commit{node: node{repo: r.repo, oid: r.oid}}}
}

// typed is what each kind of object answers.
type typed interface {
	AbbreviatedOid() string
	ID() graphql.ID
	Oid() scalar
	Repository() *repository
}

// gitObject is one of Commit, Tree and Blob.
type gitObject struct{ typed }

// ToCommit gives the commit, if it is one.
func (o *gitObject) ToCommit() (*commit, bool) { c, ok := o.typed.(*commit); return c, ok }

// ToTree gives the tree, if it is one.
func (o *gitObject) ToTree() (*tree, bool) { t, ok := o.typed.(*tree); return t, ok }

// ToBlob gives the blob, if it is one.
func (o *gitObject) ToBlob() (*blob, bool) { b, ok := o.typed.(*blob); return b, ok }

// node is what all objects have.
type node struct {
	repo *repository
	oid  string
}

// AbbreviatedOid is the short name.
func (n node) AbbreviatedOid() string { return n.oid[:7] }

// ID is the node's.
func (n node) ID() graphql.ID { return graphql.ID("O_" + n.oid) }

// Oid is the full name.
func (n node) Oid() scalar { return scalar(n.oid) }

// Repository is where the object is.
func (n node) Repository() *repository { return n.repo }
