package handlers

import (
	"context"
	"strings"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Input is one word of a command, as a form asks for it.
type Input struct {
	// Name is the word's name as the usage shows it: "app". A refusal that is At that name stands beside its field.
	Name string
	// Label and Hint are keys of the catalog; Hint may be empty.
	Label string
	Hint  string
	// Key is what stands before the value on the line, as "image" in image=nginx:1.27; empty where the order of the words tells.
	Key      string
	Options  []string
	Required bool
	Example  string
}

// The fields of the form that is for any command.
const (
	fieldVerb  = "verb"
	fieldApp   = "app"
	fieldValue = "value"
)

// inputLabels are what the words of a usage are called in a form, by the words.
var inputLabels = map[string]string{
	fieldVerb: "form.verb", fieldApp: "form.app", "operation": "form.operation", "reason": "form.reason", "replicas": "form.replicas",
}

// inputs are what a form asks for a command: what the command says itself, or else the words of its usage.
func (c Command) inputs() []Input {
	if c.Form != nil {
		return c.Form
	}
	var all []Input
	for word := range strings.FieldsSeq(c.Args) {
		name := strings.Trim(word, "<>[]")
		label, known := inputLabels[name]
		if !known {
			label = "form.value"
		}
		all = append(all, Input{Name: name, Label: label, Required: strings.HasPrefix(word, "<")})
	}
	return all
}

// simple tells whether the form for any command can ask for this one: it has room for one app and one more word.
func (c Command) simple() bool {
	left := map[string]int{fieldApp: 1, fieldValue: 1}
	for _, in := range c.inputs() {
		left[generalName(in)]--
		if in.Key != "" {
			return false
		}
	}
	return left[fieldApp] >= 0 && left[fieldValue] >= 0
}

// Form is the form for a line that says too little to be done: for an empty one it asks for the command too, and for the
// name of a command that has a form of its own it asks for the rest. There is none for other lines, nor for somebody who may
// not ask.
func (r *Router) Form(ctx context.Context, req chat.Request) (chat.Form, bool) {
	typed, err := split(req.Text)
	typed = withoutPrefix(typed)
	if err != nil || len(typed) > 1 {
		return chat.Form{}, false
	}
	var c Command
	if len(typed) == 1 {
		if c, _, _ = r.command(typed); c.Form == nil {
			return chat.Form{}, false
		}
	}
	who, err := r.who(ctx, req.Room, req.User)
	if err != nil || allow(who, max(c.Role, Viewer)) != nil {
		return chat.Form{}, false
	}
	words := r.Catalog.For(append(req.Languages, r.Language)...)
	form := chat.Form{Verb: c.Verb, Title: words.Say("form.title", nil), Submit: words.Say("form.submit", nil), Language: words.Tag()}
	if c.Verb == "" {
		form.Fields = r.generalFields(words, who)
		return form, true
	}
	form.Title = words.Say("form.title-verb", lang.With{"Verb": c.Verb})
	for _, in := range c.Form {
		form.Fields = append(form.Fields, r.field(words, in))
	}
	return form, true
}

// generalFields ask for one of the commands that the person may use, an app, and one more word.
func (r *Router) generalFields(w lang.Words, who Person) []chat.Field {
	verb := chat.Field{Name: fieldVerb, Label: w.Say("form.verb", nil), Kind: chat.FieldChoice, Required: true}
	var uses []string
	for _, c := range r.commands {
		if allow(who, c.Role) != nil || !c.simple() {
			continue
		}
		verb.Options = append(verb.Options, chat.Option{Value: c.Verb, Label: c.usage(), Hint: w.Say(c.Summary, nil)})
		for _, in := range c.inputs() {
			if generalName(in) == fieldValue && in.Required {
				uses = append(uses, c.Verb+" <"+in.Name+">")
			}
		}
	}
	app := r.field(w, Input{Name: fieldApp, Label: "form.app", Hint: "form.app-hint"})
	value := chat.Field{Name: fieldValue, Label: w.Say("form.value", nil), Kind: chat.FieldText}
	if len(uses) > 0 {
		value.Hint = w.Say("form.value-hint", lang.With{"Uses": strings.Join(uses, ", ")})
	}
	return []chat.Field{verb, app, value}
}

// field asks for one word; an app is chosen from those that there are.
func (r *Router) field(w lang.Words, in Input) chat.Field {
	f := chat.Field{Name: in.Name, Label: w.Say(in.Label, nil), Kind: chat.FieldText, Required: in.Required, Example: in.Example}
	if in.Hint != "" {
		f.Hint = w.Say(in.Hint, nil)
	}
	options := in.Options
	if in.Name == fieldApp && options == nil {
		options = r.appNames()
	}
	for _, o := range options {
		f.Kind = chat.FieldChoice
		f.Options = append(f.Options, chat.Option{Value: o, Label: o})
	}
	return f
}

// appNames are the names of the apps, sorted; where they are not known now, a name is typed.
func (r *Router) appNames() []string {
	if r.Apps == nil {
		return nil
	}
	apps, err := r.Apps.Apps()
	if err != nil {
		return nil
	}
	same := map[string]int{}
	for _, a := range apps {
		same[a.Name]++
	}
	var names []string
	for _, a := range apps {
		name := change.AppName{Name: a.Name}
		if same[a.Name] > 1 {
			name.Namespace, name.Kind = a.Namespace, a.Kind
		}
		names = append(names, name.String())
	}
	return names
}

// Line is the line that a form says as it was filled in, without the prefix. What cannot be understood comes back by field,
// in the asker's language. It gives no right: the line goes the way of a typed one.
func (r *Router) Line(req chat.Request, filled chat.Filled) (string, chat.Mistakes) {
	words := r.Catalog.For(append(req.Languages, r.Language)...)
	verb := filled.Verb
	if verb == "" {
		verb = filled.Values[fieldVerb]
	}
	c, rest, ok := r.command(strings.Fields(verb))
	if !ok || len(rest) > 0 {
		return "", chat.Mistakes{fieldVerb: words.Say("form.verb-missing", nil)}
	}
	name := naming(ownName)
	if filled.Verb == "" {
		name = generalName
	}
	said, missing := c.print(filled.Values, name)
	if missing != "" {
		return "", chat.Mistakes{missing: words.Say("form.missing", lang.With{"Usage": c.usage()})}
	}
	_, _, err := r.parse(said.line)
	if refused, worded := refusal.Of(err); worded {
		return "", chat.Mistakes{c.blame(refused, name, said.last): words.Say(refused.Key, refused.With)}
	}
	return said.line, nil
}

// naming tells in which field of a form a word of a command stands.
type naming func(Input) string

func ownName(in Input) string { return in.Name }

// generalName is the field of the form for any command that a command's word stands in.
func generalName(in Input) string {
	if in.Name == fieldApp {
		return fieldApp
	}
	return fieldValue
}

// printed is a form as a line, and the field of its last word.
type printed struct{ line, last string }

// print makes a line of the values, or names the field of the first word that is wanted and not there.
func (c Command) print(values map[string]string, name naming) (said printed, missing string) {
	said = printed{line: c.Verb, last: fieldVerb}
	add := func(field, key string) {
		value := strings.TrimSpace(values[field])
		if value == "" {
			return
		}
		if key != "" {
			key += "="
		}
		said = printed{line: said.line + " " + key + quoted(value), last: field}
	}
	used := map[string]bool{}
	for _, in := range c.inputs() {
		field := name(in)
		if in.Required && strings.TrimSpace(values[field]) == "" {
			return said, field
		}
		add(field, in.Key)
		used[field] = true
	}
	// What the command takes no word for is said all the same: the parser refuses it, and nothing is dropped unseen.
	for _, field := range []string{fieldApp, fieldValue} {
		if !used[field] {
			add(field, "")
		}
	}
	return said, ""
}

// quoted holds a value together as one word of a line. One with both kinds of quotes in it is left to the parser.
func quoted(value string) string {
	plain := straight.Replace(value)
	switch {
	case !strings.ContainsAny(plain, " \t\"'"):
		return value
	case !strings.Contains(plain, `"`):
		return `"` + value + `"`
	case !strings.Contains(plain, "'"):
		return "'" + value + "'"
	}
	return value
}

// blame finds the field that a refusal is about; one that names none is about the last word.
func (c Command) blame(refused *refusal.Error, name naming, last string) string {
	for _, in := range c.inputs() {
		if in.Name == refused.Field || (refused.Field == "" && refused.Code == refusal.Name && in.Name == fieldApp) {
			return name(in)
		}
	}
	return last
}
