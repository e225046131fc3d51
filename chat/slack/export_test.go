package slack

// What is fuzzed.
var (
	RequestOf = requestOf
	Typed     = typed
)
