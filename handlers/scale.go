package handlers

import (
	"fmt"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// Scale is the verb that sets how many pods an app has.
func Scale() Command {
	return Command{
		Verb: "scale", Args: "<app> <replicas>", Example: "scale gitea 2", Summary: "help.scale",
		Role: Operator, Most: 2, Parse: parseScale,
	}
}

func parseScale(words []string) (Action, error) {
	if len(words) < 2 {
		return Action{}, refusal.Misread(refusal.Args, missing(words, "misread.scale-app", "misread.scale-replicas"), nil, "scale gitea 2")
	}
	app, err := parseApp(words[0])
	if err != nil {
		return Action{}, err
	}
	n, err := parseReplicas(words[1])
	if err != nil {
		return Action{}, err
	}
	line := func(a change.AppName) string { return fmt.Sprintf("scale %s %d", a, n) }
	return Action{Request: line(app), Change: &change.Request{Verb: "scale", App: app, Edit: replicas(n), Line: line}}, nil
}

// missing picks the sentence for the first word that is not there.
func missing(words []string, keys ...string) string { return keys[len(words)] }

// replicas is the edit of scale: the one line that holds the number of replicas.
type replicas int32

// Apply sets the number of replicas and leaves every other byte as it is.
func (n replicas) Apply(files []gitops.File, target gitops.Object) (change.Edited, error) {
	file, _, err := manifest.Find(files, target)
	if err != nil {
		return change.Edited{}, err
	}
	edit, err := manifest.Replicas(file, target, int32(n))
	if err != nil {
		return change.Edited{}, err
	}
	edited := change.Edited{Path: file.Path, Line: edit.Line, Field: "replicas", Old: edit.Old, New: edit.New}
	if edit.Old != edit.New {
		edited.Files = []gitops.File{{Path: file.Path, Data: edit.Data}}
	}
	return edited, nil
}
