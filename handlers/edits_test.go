package handlers_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/k8sops/registry"
)

const giteaManifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: gitea, namespace: rt}
spec:
  template:
    spec:
      containers:
        - name: gitea
          image: gitea/gitea:1.22
          resources:
            limits: {memory: 512Mi}
`

const withProxy = giteaManifest + `        - name: proxy
          image: envoy:v1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
`

// edited is what a verb makes of a manifest: the command printed again, the field and its values, or why not.
func edited(c handlers.Command, file string, words ...string) string {
	a, err := c.Parse(words)
	if err != nil {
		return codeOf(err)
	}
	e, err := a.Change.Edit.Apply([]gitops.File{{Path: "gitea.yaml", Data: []byte(file)}}, apps[0].Object)
	if err != nil {
		return codeOf(err)
	}
	return a.Request + " | " + e.Field + " " + e.Old + " -> " + e.New
}

// codeOf is a refusal in short: its code, its sentence and what it offers.
func codeOf(err error) string {
	refused, ok := refusal.Of(err)
	if !ok {
		return err.Error()
	}
	return strings.Join(append([]string{refused.Error()}, refused.Try...), " | ")
}

func TestResourcesAreUnderstoodAndEdited(t *testing.T) {
	quantity := func(example string) string { return "E_QUANTITY misread.quantity | resources gitea " + example }
	tests := map[string]string{
		"gitea memory=256Mi:1Gi":    "resources gitea memory=256Mi:1Gi | memory -:512Mi -> 256Mi:1Gi",
		"gitea memory=1Gi":          "resources gitea memory=1Gi | memory -:512Mi -> 1Gi:1Gi",
		"gitea memory=:1Gi":         "resources gitea memory=:1Gi | memory -:512Mi -> -:1Gi",
		"gitea memory=256Mi:":       "resources gitea memory=256Mi: | memory -:512Mi -> 256Mi:512Mi",
		"gitea cpu=0.5 memory=:1Gi": "resources gitea cpu=0.5 memory=:1Gi | resources memory=-:512Mi -> cpu=0.5:0.5 memory=-:1Gi",
		"gitea gitea cpu=100m:2":    "resources gitea gitea cpu=100m:2 | gitea cpu -:- -> 100m:2",
		"gitea proxy cpu=1":         "E_AMBIGUOUS manifest.container | resources gitea gitea cpu=1",
		"gitea memory=1Gi:":         "E_RANGE refused.over-limit",
		"gitea memory=2Gi:1Gi":      "E_RANGE refused.over-limit",
		"gitea cpu=1500m:1":         "E_RANGE refused.over-limit",
		"gitea":                     "E_ARGS misread.resources-amount | resources gitea memory=256Mi:1Gi",
		"":                          "E_ARGS misread.resources-app | resources gitea memory=256Mi:1Gi",
		"gitea Proxy cpu=1":         "E_NAME misread.container",
		"gitea cpu=1e100":           quantity("cpu=100m:500m"),
		"gitea cpu=1kk":             quantity("cpu=100m:500m"),
		"gitea cpu=":                quantity("cpu=100m:500m"),
		"gitea cpu=:":               quantity("cpu=100m:500m"),
		"gitea cpu=1:2:3":           quantity("cpu=100m:500m"),
		"gitea memory=-1Gi":         quantity("memory=256Mi:1Gi"),
		"gitea memory=1GiB":         quantity("memory=256Mi:1Gi"),
		"gitea memory=400m":         quantity("memory=256Mi:1Gi"),
		"gitea memory=256":          "E_RANGE misread.quantity-range | resources gitea memory=256Mi:1Gi",
		"gitea memory=1000Ti":       "E_RANGE misread.quantity-range | resources gitea memory=256Mi:1Gi",
		"gitea cpu=0":               "E_RANGE misread.quantity-range | resources gitea cpu=100m:500m",
		"statefulset/gitea memory=300Mi:1073741824": "resources statefulset/gitea memory=300Mi:1073741824 | memory -:512Mi -> 300Mi:1073741824",
	}
	for line, want := range tests {
		if diff := cmp.Diff(want, edited(handlers.Resources(), giteaManifest, strings.Fields(line)...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

func TestImagesAreUnderstoodAndEdited(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("b", 64)
	bad := "E_IMAGE misread.image | image gitea 1.23"
	tests := map[string]string{
		"gitea 1.23":                        "image gitea 1.23 | image gitea/gitea:1.22 -> gitea/gitea:1.23",
		"gitea gitea/gitea:1.23":            "image gitea gitea/gitea:1.23 | image gitea/gitea:1.22 -> gitea/gitea:1.23",
		"gitea gitea/gitea" + digest:        "image gitea gitea/gitea" + digest + " | image gitea/gitea:1.22 -> gitea/gitea" + digest,
		"gitea nginx:1.27":                  "image gitea nginx:1.27 | image gitea/gitea:1.22 -> nginx:1.27",
		"gitea index.docker.io/a/b:1":       "image gitea index.docker.io/a/b:1 | image gitea/gitea:1.22 -> index.docker.io/a/b:1",
		"gitea proxy v2":                    "E_MANIFEST digest",
		"gitea proxy envoy:v2":              "image gitea proxy envoy:v2 | proxy image envoy:v1@sha256:" + strings.Repeat("a", 64) + " -> envoy:v2",
		"gitea sidecar v2":                  "E_AMBIGUOUS manifest.container | image gitea gitea v2 | image gitea proxy v2",
		"gitea registry.evil.example/x:1":   "E_HOST refused.host",
		"gitea docker.io.evil.example/x:1":  "E_HOST refused.host",
		"gitea localhost/x:1":               "E_HOST refused.host",
		"gitea":                             "E_ARGS misread.image-tag | image gitea 1.23",
		"":                                  "E_ARGS misread.image-app | image gitea 1.23",
		"gitea gitea/gitea":                 bad,
		"gitea reg.io/X:1":                  bad,
		"gitea x:tag" + digest[:40]:         bad,
		"gitea x@sha256:":                   bad,
		"gitea x@sha999:" + digest[8:]:      bad,
		"gitea user@docker.io/x:1":          bad,
		"gitea evil.io#docker.io/x:1":       bad,
		"gitea docker.io./x:1":              bad,
		"gitea dоcker.io/x:1":               bad,
		"gitea https://docker.io/x:1":       bad,
		"gitea " + strings.Repeat("a", 129): bad,
		"gitea .1":                          bad,
		"gitea 1.23;true":                   bad,
		"gitea $(x)":                        bad,
	}
	for line, want := range tests {
		got := edited(handlers.Image([]string{"index.docker.io"}, nil), withProxy, strings.Fields(line)...)
		if strings.HasPrefix(want, "E_MANIFEST") {
			want, got = "gitea.yaml:13: digest", strings.TrimSpace(got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// fakeRegistry answers what it is told.
type fakeRegistry struct {
	answer registry.Answer
	err    error
}

func (f fakeRegistry) AskImage(context.Context, k8sops.Object, string) (registry.Answer, error) {
	return f.answer, f.err
}

func TestTheRegistryIsAskedForAnImage(t *testing.T) {
	lost := errors.New("lost")
	tests := map[string]struct {
		registry fakeRegistry
		line     string
		want     string
	}{
		"it is there":             {fakeRegistry{}, "gitea 1.23", ""},
		"no such tag":             {fakeRegistry{answer: registry.Answer{Verdict: registry.NoTag}}, "gitea 1.33", "E_REGISTRY refused.image-missing"},
		"no such tag, but near":   {fakeRegistry{answer: registry.Answer{Verdict: registry.NoTag, Near: []string{"1.23", "1.22"}}}, "gitea 1.33", "E_REGISTRY refused.image-near | image gitea 1.23 | image gitea 1.22"},
		"a whole image, but near": {fakeRegistry{answer: registry.Answer{Verdict: registry.NoTag, Near: []string{"1.23"}}}, "gitea gitea/gitea:1.33", "E_REGISTRY refused.image-near | image gitea gitea/gitea:1.23"},
		"not for this app":        {fakeRegistry{answer: registry.Answer{Verdict: registry.DeniedOrGone, Said: "denied"}}, "gitea 1.23", "E_REGISTRY refused.image-denied | why gitea"},
		"nobody answers":          {fakeRegistry{err: lost}, "gitea 1.23", "lost"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := handlers.Image(nil, test.registry).Parse(strings.Fields(test.line))
			if err != nil {
				t.Fatal(err)
			}
			tag := test.line[strings.LastIndexAny(test.line, " :")+1:]
			got := ""
			if err := a.Change.Check(t.Context(), apps[0], change.Edited{New: "gitea/gitea:" + tag}); err != nil {
				got = codeOf(err)
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
