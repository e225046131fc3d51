package githubtest

// sdl is the part of GitHub's public schema that is answered, with its names and its nullability.
const sdl = `
schema {
	query: Query
	mutation: Mutation
}

scalar Base64String
scalar DateTime
scalar GitObjectID
scalar GitTimestamp
scalar URI

type Query {
	repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
	viewer: User!
}

type Mutation {
	createCommitOnBranch(input: CreateCommitOnBranchInput!): CreateCommitOnBranchPayload
}

type User {
	login: String!
}

type Repository {
	id: ID!
	name: String!
	nameWithOwner: String!
	isArchived: Boolean!
	isPrivate: Boolean!
	url: URI!
	defaultBranchRef: Ref
	ref(qualifiedName: String!): Ref
	object(expression: String, oid: GitObjectID): GitObject
}

type Ref {
	id: ID!
	name: String!
	prefix: String!
	repository: Repository!
	target: GitObject
}

interface GitObject {
	abbreviatedOid: String!
	id: ID!
	oid: GitObjectID!
	repository: Repository!
}

type Commit implements GitObject {
	abbreviatedOid: String!
	id: ID!
	oid: GitObjectID!
	repository: Repository!
	url: URI!
	message: String!
	messageHeadline: String!
	messageBody: String!
	authoredDate: DateTime!
	committedDate: DateTime!
	author: GitActor
	committer: GitActor
	tree: Tree!
	file(path: String!): TreeEntry
	history(after: String, first: Int, path: String, since: GitTimestamp, until: GitTimestamp): CommitHistoryConnection!
}

type GitActor {
	name: String
	email: String
	date: GitTimestamp
	user: User
}

type CommitHistoryConnection {
	nodes: [Commit]
	pageInfo: PageInfo!
	totalCount: Int!
}

type PageInfo {
	endCursor: String
	hasNextPage: Boolean!
	hasPreviousPage: Boolean!
	startCursor: String
}

type Tree implements GitObject {
	abbreviatedOid: String!
	id: ID!
	oid: GitObjectID!
	repository: Repository!
	entries: [TreeEntry!]
}

type TreeEntry {
	extension: String
	isGenerated: Boolean!
	mode: Int!
	name: String!
	nameRaw: Base64String!
	object: GitObject
	oid: GitObjectID!
	path: String
	pathRaw: Base64String
	repository: Repository!
	size: Int!
	type: String!
}

type Blob implements GitObject {
	abbreviatedOid: String!
	byteSize: Int!
	id: ID!
	isBinary: Boolean
	isTruncated: Boolean!
	oid: GitObjectID!
	repository: Repository!
	text: String
}

input CreateCommitOnBranchInput {
	branch: CommittableBranch!
	clientMutationId: String
	expectedHeadOid: GitObjectID!
	fileChanges: FileChanges
	message: CommitMessage!
}

input CommittableBranch {
	branchName: String
	id: ID
	repositoryNameWithOwner: String
}

input CommitMessage {
	body: String
	headline: String!
}

input FileChanges {
	additions: [FileAddition!] = []
	deletions: [FileDeletion!] = []
}

input FileAddition {
	contents: Base64String!
	path: String!
}

input FileDeletion {
	path: String!
}

type CreateCommitOnBranchPayload {
	clientMutationId: String
	commit: Commit
	ref: Ref
}
`

// scalar is a value that travels as text.
type scalar string

// ImplementsGraphQLType says which of the schema's scalars are text.
func (*scalar) ImplementsGraphQLType(name string) bool {
	switch name {
	case "Base64String", "DateTime", "GitObjectID", "GitTimestamp", "URI":
		return true
	default:
		return false
	}
}

// UnmarshalGraphQL takes a value that was given as an argument.
func (s *scalar) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return queryErrorf("INVALID_VALUE", "a text is needed, not %T", input)
	}
	*s = scalar(text)
	return nil
}
