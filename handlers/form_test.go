package handlers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/gitops"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// fakeApps are the apps that a form offers.
type fakeApps []change.App

func (f fakeApps) Apps() ([]change.App, error) { return f, nil }

func app(namespace, name string) change.App {
	return change.App{Object: gitops.Object{Kind: "Deployment", Namespace: namespace, Name: name}}
}

func withForms(t *testing.T) *bot {
	t.Helper()
	b := start(t, filepath.Join(t.TempDir(), "rt.db"), &fakeEngine{})
	b.router.Apps = fakeApps{app("ci", "gitea"), app("rt", "gitea"), app("rt", "jenkins")}
	return b
}

func from(who, line string, languages ...string) chat.Request {
	return chat.Request{Room: chat.Room{Platform: "web", ID: "web"}, User: chat.User{Platform: "web", ID: who}, Text: line, Languages: languages}
}

func TestAFormOffersWhatOneMayDo(t *testing.T) {
	b := withForms(t)
	for who, want := range map[string][]string{
		"carol": {"help", "ops"}, "bob": {"help", "scale", "freeze", "ops"}, "alice": {"help", "scale", "freeze", "unfreeze", "ops"},
	} {
		form, ok := b.router.Form(t.Context(), from(who, "/rt"))
		if !ok || len(form.Fields) != 3 {
			t.Fatalf("%s: got %+v, %v", who, form, ok)
		}
		var verbs, apps []string
		for _, o := range form.Fields[0].Options {
			verbs = append(verbs, o.Value)
		}
		for _, o := range form.Fields[1].Options {
			apps = append(apps, o.Value)
		}
		if diff := cmp.Diff(want, verbs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		if diff := cmp.Diff([]string{"ci/deployment/gitea", "rt/deployment/gitea", "jenkins"}, apps); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
	}
	form, _ := b.router.Form(t.Context(), from("bob", "", "fr-FR"))
	if got := form.Fields[2].Hint; form.Language != "fr" || got != "Nécessaire pour : scale <replicas>, freeze <reason>" {
		t.Errorf("got the hint %q in %s", got, form.Language)
	}
}

func TestWhereThereIsNoForm(t *testing.T) {
	b := withForms(t)
	for name, req := range map[string]chat.Request{
		"for a stranger":          from("mallory", "/rt"),
		"for a whole line":        from("alice", "/rt scale gitea 2"),
		"for a verb without one":  from("alice", "/rt status"),
		"for an unknown verb":     from("alice", "/rt sclae"),
		"for what cannot be read": from("alice", "/rt \""),
	} {
		if form, ok := b.router.Form(t.Context(), req); ok {
			t.Errorf("%s: got %+v", name, form)
		}
	}
}

func TestAFilledFormIsALine(t *testing.T) {
	b := withForms(t)
	type values = map[string]string
	tests := map[string]struct {
		values values
		line   string
		wrong  chat.Mistakes
	}{
		"a change":                 {values{"verb": "scale", "app": "gitea", "value": " 2 "}, "scale gitea 2", nil},
		"nothing but a verb":       {values{"verb": "ops"}, "ops", nil},
		"a reason of many words":   {values{"verb": "freeze", "value": "it's the fair"}, `freeze "it's the fair"`, nil},
		"a reason that was quoted": {values{"verb": "freeze", "value": `the "fair" opens`}, `freeze 'the "fair" opens'`, nil},
		"no verb":                  {values{}, "", chat.Mistakes{"verb": "Choose a command."}},
		"a verb that is none":      {values{"verb": "sclae"}, "", chat.Mistakes{"verb": "Choose a command."}},
		"no app":                   {values{"verb": "scale", "value": "2"}, "", chat.Mistakes{"app": "The command needs this: scale <app> <replicas>"}},
		"no number":                {values{"verb": "scale", "app": "gitea"}, "", chat.Mistakes{"value": "The command needs this: scale <app> <replicas>"}},
		"a pattern":                {values{"verb": "scale", "app": "git*", "value": "2"}, "", chat.Mistakes{"app": `"git*" is not the name of an app. Names have small letters, digits and dashes, at most 63; patterns and lists are not taken.`}},
		"no number at all":         {values{"verb": "scale", "app": "gitea", "value": "two or 3"}, "", chat.Mistakes{"value": `"two or 3" is not a number of replicas. Write a whole number, such as 2.`}},
		"two lines":                {values{"verb": "freeze", "value": "a\nscale gitea 0"}, "", chat.Mistakes{"value": "One command at a time, on one line."}},
		"an app too many":          {values{"verb": "unfreeze", "app": "gitea"}, "", chat.Mistakes{"app": `There is a word too many: "gitea". Usage: unfreeze`}},
		"an operation that is not": {values{"verb": "ops", "value": "k7"}, "", chat.Mistakes{"value": `"k7" is not the number of an operation. One looks like this: ops k7f3q2mz`}},
	}
	for name, tt := range tests {
		line, wrong := b.router.Line(from("bob", ""), chat.Filled{Values: tt.values})
		if diff := cmp.Diff(tt.wrong, wrong); diff != "" || line != tt.line {
			t.Errorf("%s: got the line %q, want %q (-want +got):\n%s", name, line, tt.line, diff)
		}
	}
	_, wrong := b.router.Line(from("bob", "", "fr"), chat.Filled{})
	if diff := cmp.Diff(chat.Mistakes{"verb": "Choisissez une commande."}, wrong); diff != "" {
		t.Errorf("in French (-want +got):\n%s", diff)
	}
}

// A command with many words has a form of its own, with a field for each.
func TestACommandCanHaveAFormOfItsOwn(t *testing.T) {
	b := withForms(t)
	add := handlers.Command{
		Verb: "add", Args: "<app> image=IMAGE [port=PORT]", Example: "add hello image=nginx:1.27", Role: handlers.Admin, Most: 3,
		Form: []handlers.Input{
			{Name: "app", Label: "form.app", Required: true, Options: []string{}},
			{Name: "image", Label: "form.value", Key: "image", Required: true, Example: "nginx:1.27"},
			{Name: "port", Label: "form.value", Key: "port"},
		},
		Parse: func(words []string) (handlers.Action, error) {
			if strings.HasSuffix(words[len(words)-1], "=http") {
				return handlers.Action{}, refusal.Misread(refusal.Number, "misread.replicas", map[string]any{"Value": "http"}).At("port")
			}
			return handlers.Action{Request: strings.Join(words, " ")}, nil
		},
	}
	b.router.Commands = append(b.router.Commands, add)
	router := handlers.NewRouter(b.router.Config)
	if _, ok := router.Form(t.Context(), from("bob", "/rt add")); ok {
		t.Error("an operator gets a form that is for admins")
	}
	form, ok := router.Form(t.Context(), from("alice", "/rt add"))
	var fields []string
	for _, f := range form.Fields {
		fields = append(fields, f.Name+" "+string(f.Kind))
	}
	if diff := cmp.Diff([]string{"app text", "image text", "port text"}, fields); diff != "" || !ok || form.Title != "/rt add" {
		t.Errorf("got %q, %v (-want +got):\n%s", form.Title, ok, diff)
	}
	line, wrong := router.Line(from("alice", ""), chat.Filled{Verb: "add", Values: map[string]string{"app": "hello", "image": "nginx:1.27", "port": "80"}})
	if line != "add hello image=nginx:1.27 port=80" || wrong != nil {
		t.Errorf("got %q, %v", line, wrong)
	}
	if _, wrong := router.Line(from("alice", ""), chat.Filled{Verb: "add", Values: map[string]string{"app": "hello", "image": "nginx:1.27", "port": "http"}}); wrong["port"] == "" {
		t.Errorf("got %v, want a mistake at the port", wrong)
	}
	if general, _ := router.Form(t.Context(), from("alice", "/rt")); len(general.Fields[0].Options) != 5 {
		t.Errorf("got %+v: the form for any command has no room for this one", general.Fields[0].Options)
	}
}
