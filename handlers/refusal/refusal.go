// Package refusal is the closed list of reasons for which the bot says no, and the error that carries one to the asker.
package refusal

import (
	"errors"

	"rtbot/lang"
)

// Code is why something was not done. Codes stand in the audit and in docs/CONVENTIONS.md; they never change meaning.
type Code string

// The codes. Those of understanding a line come first, then those of a person's right, then those of a change.
const (
	Parse     Code = "E_PARSE"     // the line as a whole cannot be read
	Length    Code = "E_LENGTH"    // the line is too long
	Encoding  Code = "E_ENCODING"  // not UTF-8 text
	Verb      Code = "E_VERB"      // no such verb
	Args      Code = "E_ARGS"      // too few or too many words
	Flag      Code = "E_FLAG"      // a word that starts with a dash, or an unknown key=value
	Name      Code = "E_NAME"      // not a name that an app can have
	Number    Code = "E_NUMBER"    // not a whole number
	Range     Code = "E_RANGE"     // a number out of its bounds
	Quantity  Code = "E_QUANTITY"  // not an amount of CPU or memory
	Image     Code = "E_IMAGE"     // not a tag or a reference of an image
	Duration  Code = "E_DURATION"  // not a length of time
	Regex     Code = "E_REGEX"     // not a pattern
	Reason    Code = "E_REASON"    // no reason was given
	Operation Code = "E_OPERATION" // no such operation, or not in that state

	Role    Code = "E_ROLE"    // the person may not do this
	Self    Code = "E_SELF"    // a person cannot approve their own request
	Expired Code = "E_EXPIRED" // nobody decided in time
	Channel Code = "E_CHANNEL" // the bot is not to be asked there
	Limit   Code = "E_LIMIT"   // more than one person may ask in a minute

	Frozen Code = "E_FROZEN" // changes are stopped for a while

	NotFound  Code = "E_NOT_FOUND" // no such app, pod, container or log
	Ambiguous Code = "E_AMBIGUOUS" // several things have that name
	Changed   Code = "E_CHANGED"   // the plan no longer holds
	Own       Code = "E_OWN"       // the bot does not edit itself
	Autoscale Code = "E_HPA"       // an autoscaler owns the number
	Quota     Code = "E_QUOTA"     // the namespace's quota has no room
	Host      Code = "E_HOST"      // the registry is not on the list
	Registry  Code = "E_REGISTRY"  // the registry does not give the image
	Schema    Code = "E_SCHEMA"    // the API server would refuse the manifest
	Manifest  Code = "E_MANIFEST"  // the manifest cannot be edited safely
	Layout    Code = "E_LAYOUT"    // the value does not live in a plain manifest
	GitHub    Code = "E_GITHUB"    // GitHub said no or did not answer
	ArgoCD    Code = "E_ARGOCD"    // Argo CD said no or did not answer
	Cluster   Code = "E_CLUSTER"   // the cluster said no or did not answer
	Rollout   Code = "E_ROLLOUT"   // the change is in Git and its pods do not run
	Internal  Code = "E_INTERNAL"  // a fault of the bot
)

// Error is a no that its asker can read: a sentence of the catalog with its values, and commands worth trying.
type Error struct {
	Code Code
	// Key is the sentence in the catalog.
	Key  string
	With lang.With
	// Try are whole commands, without the prefix, that would lead on.
	Try []string
	// Quote is what the other side said, which is untrusted text.
	Quote string
	// Field names the word of the command that the refusal is about, as its usage calls it; empty where it is about the whole.
	Field string
	// Misread is true where the line was not understood, as against understood and not done.
	Misread bool
}

// Error gives the code and the key: the sentence is for people, and made elsewhere.
func (e *Error) Error() string { return string(e.Code) + " " + e.Key }

// Misread refuses a line that was not understood.
func Misread(code Code, key string, with lang.With, try ...string) *Error {
	return &Error{Code: code, Key: key, With: with, Try: try, Misread: true}
}

// New refuses what was understood.
func New(code Code, key string, with lang.With, try ...string) *Error {
	return &Error{Code: code, Key: key, With: with, Try: try}
}

// Quoting adds what the other side said, as evidence.
func (e *Error) Quoting(said string) *Error {
	e.Quote = said
	return e
}

// At names the word of the command that is refused, so that a form can say it there.
func (e *Error) At(field string) *Error {
	e.Field = field
	return e
}

// Of finds the refusal in an error's chain.
func Of(err error) (*Error, bool) {
	var refused *Error
	ok := errors.As(err, &refused)
	return refused, ok
}
