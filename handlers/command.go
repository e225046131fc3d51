// Package handlers turns what people type into answers and changes: the router, who may do what, and one file a verb.
// It sees no platform, no GitHub and no cluster type: those are behind the interfaces that each verb declares.
package handlers

import (
	"context"
	"strings"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Command is one verb: what it is called, what words it takes, who may use it, and how it is understood.
type Command struct {
	Verb string
	// Args are the words after the verb as the help shows them: "<app> <replicas>".
	Args string
	// Example is a whole command that works, without the prefix.
	Example string
	// Summary is the key of the sentence that says what the verb does.
	Summary string
	// Role is the least role that may ask.
	Role Role
	// Most is how many words may follow the verb.
	Most int
	// Parse reads the words, purely: it looks nothing up.
	Parse func(words []string) (Action, error)
	// Form is what a form of the command's own asks for. Where it is nil the words of Args are asked for, in the form that
	// is for any command.
	Form []Input
}

// Action is a command understood: exactly one of Answer and Change is set.
type Action struct {
	// Request is the command printed again from what was understood.
	Request string
	// Answer answers a question, at once.
	Answer func(context.Context, Ask) (chat.Card, error)
	// Change is an edit for the change engine.
	Change *change.Request
}

// Ask is who asks, and in which words they are answered.
type Ask struct {
	Person Person
	// Account is the account that the person speaks from, as platform:id.
	Account string
	Words   lang.Words
	// Delivery is the number of the request.
	Delivery string
}

// Parse understands a line: an empty one asks for help.
func (r *Router) parse(line string) (Command, Action, error) {
	words, err := split(line)
	if err != nil {
		return Command{}, Action{}, err
	}
	words = withoutPrefix(words)
	if len(words) == 0 {
		words = []string{"help"}
	}
	c, ok := r.command(words[0])
	if !ok {
		return Command{}, Action{}, r.unknownVerb(words[0])
	}
	args, err := c.take(words[1:])
	if err != nil {
		return c, Action{}, err
	}
	a, err := c.Parse(args)
	return c, a, err
}

// withoutPrefix takes the prefix off: /rt in Slack, !rt in Matrix, and either in the web chat, where it is not needed.
func withoutPrefix(words []string) []string {
	if len(words) > 0 && (words[0] == "/rt" || words[0] == "!rt") {
		return words[1:]
	}
	return words
}

// take holds the words against the command's grammar, from left to right: the first that does not fit is named.
func (c Command) take(words []string) ([]string, error) {
	var taken []string
	names := false // after a bare --, every word is a name
	for _, w := range words {
		switch {
		case w == "--" && !names:
			names = true
			continue
		case !names && isFlag(w):
			return nil, refusal.Misread(refusal.Flag, "misread.flag", lang.With{"Word": shown(w), "Usage": c.usage()}, c.Example)
		case len(taken) == c.Most:
			return nil, refusal.Misread(refusal.Args, "misread.too-many", lang.With{"Word": shown(w), "Usage": c.usage()}, c.Example)
		}
		taken = append(taken, w)
	}
	return taken, nil
}

// isFlag tells a flag from a negative number, which the verb itself refuses with better words.
func isFlag(w string) bool {
	return strings.HasPrefix(w, "-") && strings.Trim(w[1:], "0123456789.") != ""
}

func (c Command) usage() string { return strings.TrimSpace(c.Verb + " " + c.Args) }

func (r *Router) command(verb string) (Command, bool) {
	for _, c := range r.commands {
		if c.Verb == verb {
			return c, true
		}
	}
	return Command{}, false
}

func (r *Router) unknownVerb(word string) error {
	verbs := make([]string, len(r.commands))
	for i, c := range r.commands {
		verbs[i] = c.Verb
	}
	if near, ok := nearest(strings.ToLower(word), verbs); ok {
		return refusal.Misread(refusal.Verb, "misread.verb-near", lang.With{"Word": shown(word), "Near": near}, "help "+near)
	}
	return refusal.Misread(refusal.Verb, "misread.verb", lang.With{"Word": shown(word)}, "help")
}
