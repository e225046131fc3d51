package handlers

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/handlers/cards"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
	"rtbot/lang"
)

// explainer says why pods do not run.
type explainer interface {
	ExplainApp(ctx context.Context, o k8sops.Object) (k8sops.Explanation, error)
	ExplainName(ctx context.Context, namespace, name string) (k8sops.Explanation, error)
}

// placer finds where in Git an app is declared, and whose a commit is.
type placer interface {
	appLister
	Place(ctx context.Context, app change.App, words []string) (path string, line int, err error)
	Author(c gitops.Commit) (who, operation string)
}

// files are those of the repository: who changed them, and where they are seen.
type files interface {
	History(ctx context.Context, path string, n int) ([]gitops.Commit, error)
	FileURL(path string, line int) string
}

// whyCards words an explanation.
type whyCards interface {
	Why(w lang.Words, e k8sops.Explanation, place *cards.Place) chat.Card
}

// Why is the verb that says why a pod or an app does not run.
func Why(apps placer, cluster explainer, repo files, maker whyCards) Command {
	y := why{apps: apps, cluster: cluster, repo: repo, cards: maker}
	return Command{
		Verb: "why", Args: "<pod|app>", Example: "why gitea", Summary: "help.why", Role: Viewer, Most: 1, Parse: y.parse,
	}
}

type why struct {
	apps    placer
	cluster explainer
	repo    files
	cards   whyCards
}

// subject is what the asker means: an app, or a pod by its whole name.
type subject struct {
	word string
	app  change.AppName // empty where the word can only be a pod's name
	// namespace and pod are how a pod is named.
	namespace string
	pod       string
}

func (y why) parse(words []string) (Action, error) {
	if len(words) == 0 {
		return Action{}, refusal.Misread(refusal.Args, "misread.why", nil, "why gitea")
	}
	s, err := parseSubject(words[0])
	if err != nil {
		return Action{}, err
	}
	return Action{Request: "why " + s.word, Answer: func(ctx context.Context, a Ask) (chat.Card, error) { return y.answer(ctx, a, s) }}, nil
}

// subdomain is what a pod's name can be: labels with dots between them, 253 characters at most.
var subdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// parseSubject reads NAME, KIND/NAME, pod/NAME, NAMESPACE/NAME or NAMESPACE/KIND/NAME.
func parseSubject(word string) (subject, error) {
	if app, err := parseApp(word); err == nil && !slices.Contains(podKinds, app.Namespace) {
		s := subject{word: app.String(), app: app}
		if app.Kind == "" {
			s.namespace, s.pod = app.Namespace, app.Name
		}
		return s, nil
	}
	s := subject{pod: word[strings.LastIndex(word, "/")+1:]}
	s.namespace = beforePod(strings.TrimSuffix(strings.TrimSuffix(word, s.pod), "/"))
	if s.namespace != "" && !label.MatchString(s.namespace) || len(s.pod) > 253 || !subdomain.MatchString(s.pod) {
		return subject{}, refusal.Misread(refusal.Name, "misread.pod", lang.With{"Name": shown(word)}, "status")
	}
	s.word = "pod/" + s.pod
	if s.namespace != "" {
		s.word = s.namespace + "/" + s.word
	}
	return s, nil
}

// podKinds are the ways in which people write that they mean a pod.
var podKinds = []string{"pod", "pods"}

// beforePod is the namespace in what stands before a pod's name: NAMESPACE, pod or NAMESPACE/pod.
func beforePod(text string) string {
	for _, kind := range podKinds {
		if text == kind {
			return ""
		}
		text = strings.TrimSuffix(text, "/"+kind)
	}
	return text
}

func (y why) answer(ctx context.Context, a Ask, s subject) (chat.Card, error) {
	apps, err := y.apps.Apps()
	if err != nil {
		return chat.Card{}, err
	}
	app, err := change.Resolve(s.app, apps, func(n change.AppName) string { return "why " + n.String() })
	if no, is := refusal.Of(err); is && no.Code == refusal.NotFound && s.pod != "" || s.app.Name == "" {
		return y.named(ctx, a, s, apps, err)
	}
	if err != nil {
		return chat.Card{}, err
	}
	return y.app(ctx, a, app)
}

// locateTime is how long the place in Git is looked for: the answer does not wait for it longer.
const locateTime = 3 * time.Second

// app explains an app, by its worst pod.
func (y why) app(ctx context.Context, a Ask, app change.App) (chat.Card, error) {
	e, err := y.cluster.ExplainApp(ctx, k8sops.Object{Group: app.Group, Kind: app.Kind, Namespace: app.Namespace, Name: app.Name})
	if err != nil {
		return chat.Card{}, change.Unanswered(err)
	}
	return y.cards.Why(a.Words, e, y.place(ctx, app, e)), nil
}

// place finds the file to change, where a file is what mends it. An answer without it is an answer all the same.
func (y why) place(ctx context.Context, app change.App, e k8sops.Explanation) *cards.Place {
	if len(e.Findings) == 0 || e.Findings[0].Fix != diagnose.FixFile {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, locateTime)
	defer cancel()
	path, line, err := y.apps.Place(ctx, app, e.Findings[0].Words())
	if err != nil {
		return nil
	}
	place := &cards.Place{Path: path, Line: line, Link: y.repo.FileURL(path, line)}
	// A file that has only been made has no change that could be taken back.
	if changes, err := y.repo.History(ctx, path, 2); err == nil && len(changes) > 1 {
		place.Commit, place.Headline = changes[0].SHA, headline(changes[0])
		place.Who, _ = y.apps.Author(changes[0])
	}
	return place
}

// named explains a pod, or a workload that no Application tracks. unknown is the refusal of its name as an app's.
func (y why) named(ctx context.Context, a Ask, s subject, apps []change.App, unknown error) (chat.Card, error) {
	e, err := y.cluster.ExplainName(ctx, s.namespace, s.pod)
	switch {
	case errors.Is(err, k8sops.ErrNotFound) && s.app.Name != "":
		return chat.Card{}, unknown
	case errors.Is(err, k8sops.ErrNotFound):
		return chat.Card{}, refusal.New(refusal.NotFound, "refused.no-target", lang.With{"App": s.pod}, "status")
	case err != nil:
		return chat.Card{}, change.Unanswered(err)
	}
	for _, app := range apps {
		if app.Name == e.App && app.Namespace == e.Namespace {
			return y.cards.Why(a.Words, e, y.place(ctx, app, e)), nil
		}
	}
	return y.cards.Why(a.Words, e, nil), nil
}
