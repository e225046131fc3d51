package handlers

import (
	"context"
	"errors"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// podFinder knows in which namespace a pod is.
type podFinder interface {
	FindPod(ctx context.Context, namespace, name string) (where string, err error)
}

// target is what a name means that can be an app's or a pod's. App is empty where it is a pod's.
type target struct {
	app            change.App
	namespace, pod string
	// both is true of an app beside which there is a pod of the same name.
	both bool
}

// query asks the cluster for the target's pod.
func (t target) query() k8sops.LogQuery {
	return k8sops.LogQuery{Namespace: t.namespace, Pod: t.pod, Of: objectOf(t.app)}
}

func objectOf(a change.App) k8sops.Object {
	return k8sops.Object{Group: a.Group, Kind: a.Kind, Namespace: a.Namespace, Name: a.Name}
}

// find finds what a name means: an app before a pod, and a pod by its exact name only.
func find(ctx context.Context, apps appLister, pods podFinder, name change.AppName, line func(change.AppName) string) (target, error) {
	known, err := apps.Apps()
	if err != nil {
		return target{}, err
	}
	app, unknown := change.Resolve(name, known, line)
	refused, _ := refusal.Of(unknown)
	if unknown != nil && (refused == nil || refused.Code != refusal.NotFound || name.Kind != "") {
		return target{}, unknown
	}
	where, err := pods.FindPod(ctx, name.Namespace, name.Name)
	switch {
	case err != nil && !errors.Is(err, k8sops.ErrNotFound):
		return target{}, change.Unanswered(err)
	case unknown == nil:
		return target{app: app, both: err == nil}, nil
	case err != nil:
		return target{}, noTarget(refused)
	}
	return target{namespace: where, pod: name.Name}, nil
}

// noTarget says that there is neither an app nor a pod of a name.
func noTarget(noApp *refusal.Error) error {
	key := "refused.no-target"
	if noApp.With["Near"] != nil {
		key = "refused.no-target-near"
	}
	return refusal.New(refusal.NotFound, key, noApp.With, noApp.Try...)
}

// notes say how a name was taken.
func (t target) notes(w lang.Words) []string {
	if !t.both {
		return nil
	}
	return []string{w.Say("target.both", lang.With{"Name": t.app.Name})}
}

// refusePod words why a pod could not be read.
func refusePod(t target, err error) error {
	name := t.pod
	if name == "" {
		name = t.app.Name
	}
	if no, ok := errors.AsType[*k8sops.ContainerError](err); ok {
		return refusal.New(refusal.NotFound, "refused.no-container", lang.With{"Name": shown(no.Name), "Has": listOf(no.Has)})
	}
	if no, ok := errors.AsType[*k8sops.NoLogError](err); ok {
		return refusal.New(refusal.NotFound, "refused.no-log", lang.With{"Name": name}, "describe "+name).Quoting(no.Message)
	}
	if errors.Is(err, k8sops.ErrNotFound) {
		return refusal.New(refusal.NotFound, "refused.no-pod", lang.With{"Name": name}, "pods")
	}
	return change.Unanswered(err)
}

// answered is the beginning of a card that answers a question.
func answered(w lang.Words, title string) chat.Card {
	return chat.Card{State: chat.Answered, Mood: chat.Neutral, Language: w.Tag(), Title: title}
}
