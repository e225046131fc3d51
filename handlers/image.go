package handlers

import (
	"context"
	"slices"
	"strings"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/k8sops/registry"
	"rtbot/lang"
)

// ImageAsker asks the registry of an image whether an app's pods could pull it.
type ImageAsker interface {
	AskImage(ctx context.Context, o k8sops.Object, image string) (registry.Answer, error)
}

// Image is the verb that sets the tag of a container's image, or all of its reference. Hosts are the registries that an
// image of another repository may come from; ask may be nil, where no registry is asked.
func Image(hosts []string, ask ImageAsker) Command {
	c := Command{
		Verb: "image", Args: "<app> [container] <tag|image>", Example: "image gitea 1.23", Summary: "help.image", Role: Operator, Most: 3,
	}
	c.Parse = func(words []string) (Action, error) {
		app, edit, err := parseImage(c, words)
		if err != nil {
			return Action{}, err
		}
		edit.hosts = hosts
		line := func(a change.AppName) string { return edit.line(a, edit.container, edit.typed()) }
		made := &change.Request{Verb: c.Verb, App: app, Edit: edit, Line: line}
		if ask != nil {
			made.Check = func(ctx context.Context, a change.App, e change.Edited) error { return edit.ask(ctx, ask, a, e.New) }
		}
		return Action{Request: line(app), Change: made}, nil
	}
	return c
}

func parseImage(c Command, words []string) (change.AppName, image, error) {
	if len(words) < 2 {
		key := missing(words, "misread.image-app", "misread.image-tag")
		return change.AppName{}, image{}, refusal.Misread(refusal.Args, key, nil, c.Example)
	}
	app, err := parseApp(words[0])
	if err != nil {
		return change.AppName{}, image{}, err
	}
	edit := image{app: app}
	if edit.container, err = parseContainer(words[1 : len(words)-1]); err != nil {
		return change.AppName{}, image{}, err
	}
	edit.want, err = parseReference(words[len(words)-1])
	return app, edit, err
}

// parseReference reads a tag, or a whole reference, which has a slash, a colon or a digest.
func parseReference(word string) (manifest.Reference, error) {
	bad := refusal.Misread(refusal.Image, "misread.image", lang.With{"Value": shown(word)}, "image gitea 1.23")
	if !strings.ContainsAny(word, "/:@") {
		if ref, ok := manifest.ParseReference("x:" + word); ok {
			return manifest.Reference{Tag: ref.Tag}, nil
		}
		return manifest.Reference{}, bad
	}
	ref, ok := manifest.ParseReference(word)
	if !ok || (ref.Tag == "" && ref.Digest == "") {
		return manifest.Reference{}, bad
	}
	return ref, nil
}

// image is the edit of the verb: the one line that holds the reference.
type image struct {
	app       change.AppName
	container string
	want      manifest.Reference
	// hosts are the registries that an image of another repository may come from.
	hosts []string
}

// typed is the reference as it is typed: a tag alone, or all of it.
func (i image) typed() string {
	if i.want.Repository == "" {
		return i.want.Tag
	}
	return i.want.String()
}

func (i image) line(app change.AppName, container, typed string) string {
	words := []string{"image", app.String(), container, typed}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// Apply sets the image and leaves every other byte as it is. An image from a registry that is not on the list is refused,
// unless it comes from where it came before.
func (i image) Apply(files []gitops.File, target gitops.Object) (change.Edited, error) {
	file, _, err := manifest.FindImage(files, target)
	if err != nil {
		return change.Edited{}, err
	}
	edit, err := manifest.Image(file, target, i.container, i.want)
	if err != nil {
		return change.Edited{}, chooseContainer(err, target, func(name string) string { return i.line(i.app, name, i.typed()) })
	}
	was, _ := manifest.ParseReference(edit.Old)
	now, _ := manifest.ParseReference(edit.New)
	if was.Repository != now.Repository && !i.allowed(now.Host()) {
		key := "refused.host"
		if len(i.hosts) == 0 {
			key = "refused.host-none"
		}
		return change.Edited{}, refusal.New(refusal.Host, key, lang.With{"Host": now.Host(), "Hosts": listOf(i.hosts)})
	}
	edited := change.Edited{Path: file.Path, Line: edit.Line, Field: fieldOf(i.container, "image"), Old: edit.Old, New: edit.New}
	if edit.Old != edit.New {
		edited.Files = []gitops.File{{Path: file.Path, Data: edit.Data}}
	}
	return edited, nil
}

func (i image) allowed(host string) bool {
	return slices.ContainsFunc(i.hosts, func(h string) bool { return registryHost(h) == registryHost(host) })
}

// registryHost gives a registry its one name: Docker Hub has several.
func registryHost(host string) string {
	host = strings.ToLower(host)
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		return "docker.io"
	}
	return host
}

// ask refuses an image that the registry does not have, with the tags that are like it, or does not give.
func (i image) ask(ctx context.Context, asker ImageAsker, app change.App, image string) error {
	got, err := asker.AskImage(ctx, k8sops.Object(app.Object), image)
	if err != nil {
		return change.Unanswered(err)
	}
	ref, _ := manifest.ParseReference(image)
	with := lang.With{"App": app.Name, "Image": image, "Tag": ref.Tag, "Repository": ref.Repository}
	switch got.Verdict {
	case registry.Refused, registry.Expired, registry.Forbidden, registry.DeniedOrGone:
		return refusal.New(refusal.Registry, "refused.image-denied", with, "why "+app.Name).Quoting(got.Said)
	case registry.NoTag, registry.NoRepository:
		if len(got.Near) > 0 {
			with["Near"] = got.Near[0]
			return refusal.New(refusal.Registry, "refused.image-near", with, i.lines(ref, got.Near)...)
		}
		return refusal.New(refusal.Registry, "refused.image-missing", with).Quoting(got.Said)
	case registry.Accepted, registry.RateLimited, registry.Unreachable, registry.BadTLS, registry.NotAsked:
	}
	return nil
}

// lines are commands for the tags that are like the one that is not there.
func (i image) lines(ref manifest.Reference, near []string) []string {
	var try []string
	for _, tag := range near[:min(len(near), 3)] {
		ref.Tag, ref.Digest = tag, ""
		typed := ref.String()
		if i.want.Repository == "" {
			typed = tag
		}
		try = append(try, i.line(i.app, i.container, typed))
	}
	return try
}
