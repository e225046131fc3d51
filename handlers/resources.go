package handlers

import (
	"errors"
	"strings"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Resources is the verb that sets what a container asks for and may use of CPU and memory.
func Resources() Command {
	c := Command{
		Verb: "resources", Args: "<app> [container] [cpu=REQUEST:LIMIT] [memory=REQUEST:LIMIT]", Example: "resources gitea memory=256Mi:1Gi",
		Summary: "help.resources", Role: Operator, Most: 2, Keys: []string{"cpu", "memory"},
	}
	c.Parse = func(words []string) (Action, error) { return parseResources(c, words) }
	return c
}

func parseResources(c Command, words []string) (Action, error) {
	alone, values := c.part(words)
	if len(alone) == 0 || len(values) == 0 {
		key := "misread.resources-app"
		if len(alone) > 0 {
			key = "misread.resources-amount"
		}
		return Action{}, refusal.Misread(refusal.Args, key, nil, c.Example)
	}
	app, err := parseApp(alone[0])
	if err != nil {
		return Action{}, err
	}
	var edit resources
	if edit.container, err = parseContainer(alone[1:]); err != nil {
		return Action{}, err
	}
	for key, amount := range map[string]*manifest.Amount{"cpu": &edit.want.CPU, "memory": &edit.want.Memory} {
		if value, given := values[key]; given {
			if *amount, err = parseAmount(key, value); err != nil {
				return Action{}, err
			}
		}
	}
	edit.app = app
	return Action{Request: edit.line(app, edit.container), Change: &change.Request{
		Verb: c.Verb, App: app, Edit: edit, Line: func(a change.AppName) string { return edit.line(a, edit.container) },
	}}, nil
}

// parseContainer reads the name of a container, which may be left out.
func parseContainer(words []string) (string, error) {
	if len(words) == 0 {
		return "", nil
	}
	if !label.MatchString(words[0]) {
		return "", refusal.Misread(refusal.Name, "misread.container", lang.With{"Name": shown(words[0])})
	}
	return words[0], nil
}

// resources is the edit of the verb: the lines that hold requests and limits of one container.
type resources struct {
	app       change.AppName
	container string
	want      manifest.Compute
}

// line prints the command: what is one value is printed as one.
func (r resources) line(app change.AppName, container string) string {
	words := []string{"resources", app.String()}
	if container != "" {
		words = append(words, container)
	}
	for _, of := range []struct {
		key    string
		amount manifest.Amount
	}{{"cpu", r.want.CPU}, {"memory", r.want.Memory}} {
		switch a := of.amount; {
		case a == manifest.Amount{}:
		case a.Request == a.Limit:
			words = append(words, of.key+"="+a.Request)
		default:
			words = append(words, of.key+"="+a.Request+":"+a.Limit)
		}
	}
	return strings.Join(words, " ")
}

// Apply sets the requests and limits that were asked for and leaves every other byte as it is.
func (r resources) Apply(files []gitops.File, target gitops.Object) (change.Edited, error) {
	file, _, err := manifest.Find(files, target)
	if err != nil {
		return change.Edited{}, err
	}
	edit, err := manifest.Resources(file, target, r.container, r.want)
	if err != nil {
		return change.Edited{}, chooseContainer(err, target, func(name string) string { return r.line(r.app, name) })
	}
	for key, amount := range map[string]manifest.Amount{"cpu": edit.New.CPU, "memory": edit.New.Memory} {
		if err := ordered(key, amount); err != nil {
			return change.Edited{}, err
		}
	}
	edited := change.Edited{Path: file.Path, Line: edit.Line, Field: "resources", Old: edit.Old.String(), New: edit.New.String()}
	switch none := (manifest.Amount{}); none {
	case r.want.CPU:
		edited.Field, edited.Old, edited.New = "memory", edit.Old.Memory.String(), edit.New.Memory.String()
	case r.want.Memory:
		edited.Field, edited.Old, edited.New = "cpu", edit.Old.CPU.String(), edit.New.CPU.String()
	}
	edited.Field = fieldOf(r.container, edited.Field)
	if edit.Old != edit.New {
		edited.Files = []gitops.File{{Path: file.Path, Data: edit.Data}}
	}
	return edited, nil
}

// fieldOf names a field, with its container where somebody named that.
func fieldOf(container, field string) string {
	if container == "" {
		return field
	}
	return container + " " + field
}

// chooseContainer offers the containers that there are where the one that was meant is not known.
func chooseContainer(err error, target gitops.Object, line func(container string) string) error {
	var why *manifest.RefusedError
	if !errors.As(err, &why) || why.Code != manifest.Container {
		return err
	}
	try := make([]string, len(why.Names))
	for i, name := range why.Names {
		try[i] = line(name)
	}
	return refusal.New(refusal.Ambiguous, "manifest.container", lang.With{
		"App": target.Name, "Path": why.Path, "Names": listOf(why.Names),
	}, try...)
}
