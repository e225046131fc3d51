package handlers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rtbot/gitops/argocd"
	"rtbot/gitops/manifest"
)

// takes are the commands that make Git say what the cluster has, for the fields that a person changed and a verb can edit.
func takes(d argocd.Drift) []string {
	var commands []string
	amounts := map[string][]string{} // by container
	for _, f := range d.Fields {
		if f.Live == "" || f.Manager == "" || controller(f.Manager) {
			continue
		}
		container, field := containerField(f.Path)
		switch {
		case slices.Equal(f.Path, []string{"spec", "replicas"}):
			commands = append(commands, "scale "+d.Name+" "+f.Live)
		case field == "image":
			commands = append(commands, command("image", d.Name, container, takenImage(f)))
		default:
			amounts[container] = append(amounts[container], takenAmount(field, f.Live)...)
		}
	}
	for _, container := range slices.Sorted(maps.Keys(amounts)) {
		commands = append(commands, command("resources", d.Name, container, joined(amounts[container])...))
	}
	return slices.DeleteFunc(commands, func(c string) bool { return !sound(c) })
}

// controller reports whether a field's writer is a program that will write it again: a person's edit is taken into Git, a
// controller's never.
func controller(manager string) bool {
	for _, word := range []string{"controller", "autoscaler", "operator", "scaler", "vpa", "keda"} {
		if strings.Contains(strings.ToLower(manager), word) {
			return true
		}
	}
	return false
}

// containerField parts the path of a container's field.
func containerField(path []string) (container, field string) {
	const depth = 5 // spec.template.spec.containers.[name]
	if len(path) <= depth || !slices.Equal(path[:depth-1], []string{"spec", "template", "spec", "containers"}) {
		return "", ""
	}
	return strings.Trim(path[depth-1], "[]"), strings.Join(path[depth:], ".")
}

// command prints a command about a container, whose name is left out where it is the app's.
func command(verb, app, container string, words ...string) string {
	if container == app {
		return strings.Join(append([]string{verb, app}, words...), " ")
	}
	return strings.Join(append([]string{verb, app, container}, words...), " ")
}

// takenImage is how an image is typed: its tag where only that differs.
func takenImage(f argocd.Field) string {
	git, _ := manifest.ParseReference(f.Git)
	live, ok := manifest.ParseReference(f.Live)
	if ok && git.Repository == live.Repository && git.Digest+live.Digest == "" && live.Tag != "" {
		return live.Tag
	}
	return f.Live
}

// takenAmount is a request or limit as it is typed; nothing where no verb sets it.
func takenAmount(field, value string) []string {
	for path, format := range map[string]string{
		"resources.requests.cpu": "cpu=%s:", "resources.limits.cpu": "cpu=:%s",
		"resources.requests.memory": "memory=%s:", "resources.limits.memory": "memory=:%s",
	} {
		if field == path {
			return []string{fmt.Sprintf(format, value)}
		}
	}
	return nil
}

// joined makes one word of both sides of an amount.
func joined(words []string) []string {
	sides := map[string][2]string{}
	var keys []string
	for _, word := range words {
		key, amount, _ := strings.Cut(word, "=")
		request, limit, _ := strings.Cut(amount, ":")
		if _, known := sides[key]; !known {
			keys = append(keys, key)
		}
		had := sides[key]
		sides[key] = [2]string{had[0] + request, had[1] + limit}
	}
	slices.Sort(keys)
	var all []string
	for _, key := range keys {
		all = append(all, key+"="+sides[key][0]+":"+sides[key][1])
	}
	return all
}

// sound reports whether a command is one that would be understood: what comes from a cluster is never a command by itself.
func sound(command string) bool {
	words, err := split(command)
	if err != nil || len(words) < 2 {
		return false
	}
	for _, c := range []Command{Scale(), Resources(), Image(nil, nil)} {
		if c.Verb == words[0] {
			taken, err := c.take(words[1:])
			if err != nil {
				return false
			}
			_, err = c.Parse(taken)
			return err == nil
		}
	}
	return false
}
