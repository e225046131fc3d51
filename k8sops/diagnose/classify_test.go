package diagnose_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"rtbot/k8sops/diagnose"
)

// recorded is a message about a pull, and its class.
type recorded struct {
	Class   diagnose.Code `json:"class"`
	Image   string        `json:"image"`
	Message string        `json:"message"`
}

func messages(tb testing.TB, file string) []recorded {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(text, &all); err != nil {
		tb.Fatal(err)
	}
	return all
}

// wrappings are what the kubelet and the runtimes put around one message.
var wrappings = map[string]func(image, inner string) string{
	"as it is": func(_, inner string) string { return inner },
	"in an event": func(image, inner string) string {
		return `Failed to pull image "` + image + `": ` + inner
	},
	"over gRPC": func(image, inner string) string {
		return `Failed to pull image "` + image + `": rpc error: code = Unknown desc = ` + inner
	},
	"as a code of gRPC that is often wrong": func(_, inner string) string { return "rpc error: code = NotFound desc = " + inner },
	"in a back-off of a newer kubelet": func(image, inner string) string {
		return `Back-off pulling image "` + image + `": ErrImagePull: ` + inner
	},
	"broken into lines": func(_, inner string) string { return strings.ReplaceAll(inner, ": ", ":\n") },
	"in capitals":       func(_, inner string) string { return strings.ToUpper(inner) },
}

// The recorded messages are what registries gave to real people; the variants are other words of the same runtimes.
func TestEveryMessageHasItsClassHoweverItIsWrapped(t *testing.T) {
	for _, file := range []string{"testdata/pull-messages.json", "testdata/pull-variants.json"} {
		for _, m := range messages(t, file) {
			for name, wrap := range wrappings {
				if m.Class == diagnose.PullUnknown && name == "in a back-off of a newer kubelet" {
					continue
				}
				if got := diagnose.Classify(wrap(m.Image, m.Message), m.Image); got != m.Class {
					t.Errorf("%s: got %s, want %s: %s", name, got, m.Class, m.Message)
				}
			}
		}
	}
}

func TestNamesAreNoVerdicts(t *testing.T) {
	t.Parallel()
	for _, image := range []string{"team/unauthorized:429", "forbidden/denied:no-such-host", "a/b:manifest-unknown", "x509/tls:eof"} {
		text := `failed to resolve reference "docker.io/` + image + `": unexpected status from HEAD request to https://registry-1.docker.io/v2/` +
			strings.Replace(image, ":", "/manifests/", 1) + ": 502 Bad Gateway"
		if got := diagnose.Classify(text, image); got != diagnose.Registry5xx {
			t.Errorf("%s: got %s", image, got)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, m := range messages(f, "testdata/pull-messages.json") {
		f.Add(m.Message, m.Image)
	}
	f.Fuzz(func(t *testing.T, text, image string) {
		got := diagnose.Classify(text, image)
		if !slices.Contains(diagnose.Codes(), got) {
			t.Errorf("got %q, which is no code", got)
		}
		if again := diagnose.Classify(text, image); again != got {
			t.Errorf("got %s and then %s", got, again)
		}
	})
}
