// Package handlers turns what people type into answers and changes: the router, who may do what, and one file a verb.
// It sees no platform, no GitHub and no cluster type: those are behind the interfaces that each verb declares.
package handlers

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Command is one verb: what it is called, what words it takes, who may use it, and how it is understood.
type Command struct {
	// Verb is one word, or two where several verbs are about one thing: "secrets renew".
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
	// Keys are the names of the words that are given as key=value, in any order and beside the others.
	Keys []string
	// Parse reads the words, purely: it looks nothing up. Those that are key=value come last.
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
	c, rest, ok := r.command(words)
	if !ok {
		return Command{}, Action{}, r.unknownVerb(words)
	}
	args, err := c.take(rest)
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
	t := taken{Command: c}
	for _, w := range words {
		if err := t.read(w); err != nil {
			return nil, err
		}
	}
	return append(t.alone, t.keyed...), nil
}

// taken are the words of a command that were read so far.
type taken struct {
	Command
	alone, keyed []string
	names        bool // after a bare --, every word is a name
}

func (t *taken) read(w string) error {
	switch _, _, keyed := t.named(w); {
	case t.names:
	case w == "--":
		t.names = true
		return nil
	case isFlag(w):
		return t.misread(refusal.Flag, "misread.flag", w)
	case keyed:
		return t.readKeyed(w)
	}
	if len(t.alone) == t.Most {
		return t.misread(refusal.Args, "misread.too-many", w)
	}
	t.alone = append(t.alone, w)
	return nil
}

func (t *taken) readKeyed(w string) error {
	key, _, _ := strings.Cut(w, "=")
	switch {
	case !slices.Contains(t.Keys, key):
		return t.misread(refusal.Flag, "misread.key", w)
	case slices.ContainsFunc(t.keyed, func(other string) bool { return strings.HasPrefix(other, key+"=") }):
		return t.misread(refusal.Args, "misread.twice", w)
	}
	t.keyed = append(t.keyed, w)
	return nil
}

func (c Command) misread(code refusal.Code, key, word string) error {
	return refusal.Misread(code, key, lang.With{"Word": shown(word), "Usage": c.usage()}, c.Example)
}

// keyed is how a word looks that is given as key=value.
var keyed = regexp.MustCompile(`^[a-z][a-z-]*=`)

// named parts a word that is given as key=value, where the command has such words.
func (c Command) named(word string) (key, value string, ok bool) {
	if len(c.Keys) == 0 || !keyed.MatchString(word) {
		return "", "", false
	}
	return strings.Cut(word, "=")
}

// part divides the words of a command into those that stand alone and the values of the others by their keys.
func (c Command) part(words []string) (alone []string, values map[string]string) {
	values = map[string]string{}
	for _, w := range words {
		if key, value, ok := c.named(w); ok {
			values[key] = value
		} else {
			alone = append(alone, w)
		}
	}
	return alone, values
}

// isFlag tells a flag from a negative number, which the verb itself refuses with better words.
func isFlag(w string) bool {
	return strings.HasPrefix(w, "-") && strings.Trim(w[1:], "0123456789.") != ""
}

func (c Command) usage() string { return strings.TrimSpace(c.Verb + " " + c.Args) }

// command finds the verb that a line begins with, and what follows it.
func (r *Router) command(words []string) (_ Command, rest []string, ok bool) {
	for _, c := range r.commands {
		verb := strings.Fields(c.Verb)
		if len(words) >= len(verb) && slices.Equal(words[:len(verb)], verb) {
			return c, words[len(verb):], true
		}
	}
	return Command{}, nil, false
}

// unknownVerb refuses a line that no verb begins, with the nearest one.
func (r *Router) unknownVerb(words []string) error {
	typed, among := words[0], make([]string, 0, len(r.commands))
	for _, c := range r.commands {
		first, second, _ := strings.Cut(c.Verb, " ")
		if second != "" && first == words[0] {
			if len(words) == 1 {
				return refusal.Misread(refusal.Args, "misread.verb-half", lang.With{"Word": shown(words[0]), "Near": c.Verb}, c.Verb)
			}
			typed = words[0] + " " + words[1]
		}
		among = append(among, c.Verb)
	}
	if near, ok := nearest(strings.ToLower(typed), among); ok {
		return refusal.Misread(refusal.Verb, "misread.verb-near", lang.With{"Word": shown(typed), "Near": near}, "help "+near)
	}
	return refusal.Misread(refusal.Verb, "misread.verb", lang.With{"Word": shown(typed)}, "help")
}
