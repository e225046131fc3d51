package handlers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/console"
	"rtbot/gitops"
	"rtbot/handlers"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// theApps are what Argo CD tracks.
type theApps []change.App

func (a theApps) Apps() ([]change.App, error) { return a, nil }

var apps = theApps{
	{Object: gitops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}, Application: "layer-03-apps"},
	{Object: gitops.Object{Group: "apps", Kind: "StatefulSet", Namespace: "rt", Name: "postgres"}, Application: "layer-02-database"},
}

// fakeReads is a cluster that answers what it is told.
type fakeReads struct {
	pods    []string
	list    k8sops.Pods
	nodes   []k8sops.Node
	log     k8sops.Log
	details k8sops.Description
	err     error
	asked   k8sops.LogQuery
}

func (f *fakeReads) FindPod(_ context.Context, _, name string) (string, error) {
	if slices.Contains(f.pods, name) {
		return "rt", nil
	}
	return "", k8sops.ErrNotFound
}

func (f *fakeReads) Pods(context.Context, *k8sops.Object, int) (k8sops.Pods, error) {
	return f.list, f.err
}

func (f *fakeReads) Nodes(context.Context) ([]k8sops.Node, error) { return f.nodes, f.err }

func (f *fakeReads) Logs(_ context.Context, q k8sops.LogQuery) (k8sops.Log, error) {
	f.asked = q
	return f.log, f.err
}

func (f *fakeReads) Describe(_ context.Context, q k8sops.LogQuery) (k8sops.Description, error) {
	f.asked = q
	return f.details, f.err
}

// put asks a command in one language.
func put(t *testing.T, c handlers.Command, tag string, words ...string) (chat.Card, error) {
	t.Helper()
	catalog, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	action, err := c.Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	return action.Answer(t.Context(), handlers.Ask{Words: catalog.For(tag)})
}

func pod(name, reason string, grade k8sops.Grade, restarts int32, old time.Duration) k8sops.Pod {
	return k8sops.Pod{
		Namespace: "rt", Name: name, Node: "pool-rt-1", Grade: grade, Reason: reason, Containers: 1, Restarts: restarts, Created: noon.Add(-old),
	}
}

func TestWhatIsReadFromTheClusterReadsWell(t *testing.T) {
	sick := pod("gitea-7d9c-x2x", "CrashLoopBackOff", k8sops.Bad, 7, 26*time.Hour)
	cluster := &fakeReads{
		pods: []string{"gitea-7d9c-x2x"},
		list: k8sops.Pods{
			Worst: []k8sops.Pod{sick, pod("jenkins-0", "NotReady", k8sops.Unsettled, 0, 40*time.Second)}, Total: 5000,
			Count: map[k8sops.Grade]int{k8sops.Bad: 1, k8sops.Unsettled: 1, k8sops.Fine: 4998},
		},
		nodes: []k8sops.Node{
			{Name: "pool-rt-2", Version: "v1.33.4", Created: noon.Add(-3 * time.Minute), Cordoned: true, Problems: []k8sops.NodeProblem{{Type: "Ready", Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status."}}},
			{Name: "pool-rt-1", Roles: []string{"control-plane"}, Version: "v1.33.4", Ready: true, Pods: 4, Created: noon.Add(-90 * 24 * time.Hour)},
		},
		log: k8sops.Log{
			Pod: "gitea-7d9c-x2x", Container: "gitea", Lines: [][]byte{[]byte("starting"), []byte("<!channel> error: disk is full")}, Matched: 40,
			CutLines: 1, TimedOut: true,
		},
		details: k8sops.Description{
			Pod: sick, Owner: "ReplicaSet/gitea-7d9c", ServiceAccount: "default",
			Containers: []k8sops.ContainerState{
				{Name: "migrate", Init: true, Image: "gitea/gitea:1.22", State: k8sops.ContainerEnded, Reason: "Completed", Since: noon.Add(-time.Hour)},
				{Name: "gitea", Image: "gitea/gitea:1.22", State: k8sops.ContainerWaits, Reason: "CrashLoopBackOff", Message: "back-off 5m0s restarting", Restarts: 7, Last: "OOMKilled", Limits: "memory 128Mi"},
			},
			Conditions: []k8sops.Condition{{Type: "Ready", Reason: "ContainersNotReady"}},
			Volumes:    []k8sops.Volume{{Name: "data", Source: "PersistentVolumeClaim/gitea-data"}},
			Events:     []k8sops.Event{{Reason: "BackOff", Message: "Back-off restarting failed container", Count: 12, Last: noon.Add(-time.Minute)}}, More: 2,
		},
	}
	logs := handlers.Logs(apps, cluster)
	tests := map[string]struct {
		command handlers.Command
		words   []string
	}{
		"pods":         {handlers.Pods(apps, cluster, atNoon), nil},
		"pods-none":    {handlers.Pods(apps, &fakeReads{}, atNoon), []string{"postgres"}},
		"nodes":        {handlers.Nodes(cluster, atNoon), nil},
		"logs":         {logs, []string{"gitea", "since=99h", "tail=5000"}},
		"logs-none":    {handlers.Logs(apps, &fakeReads{log: k8sops.Log{Pod: "postgres-0", Container: "postgres"}}), []string{"postgres"}},
		"logs-binary":  {handlers.Logs(apps, &fakeReads{log: k8sops.Log{Pod: "postgres-0", Container: "postgres", Binary: true, Read: 77}}), []string{"postgres"}},
		"describe":     {handlers.Describe(apps, cluster, atNoon), []string{"gitea-7d9c-x2x"}},
		"describe-app": {handlers.Describe(apps, &fakeReads{details: cluster.details, pods: []string{"gitea"}}, atNoon), []string{"gitea"}},
	}
	for name, test := range tests {
		var both strings.Builder
		for _, tag := range []string{"en", "fr"} {
			card, err := put(t, test.command, tag, test.words...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			both.WriteString(console.Render(card) + "\n")
		}
		golden(t, name, both.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestANameIsAnAppsBeforeItIsAPods(t *testing.T) {
	for _, test := range []struct {
		name string
		pods []string
		want k8sops.LogQuery
		key  string
	}{
		{"gitea", nil, k8sops.LogQuery{Of: k8sops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}}, ""},
		{"gitea", []string{"gitea"}, k8sops.LogQuery{Of: k8sops.Object{Group: "apps", Kind: "Deployment", Namespace: "rt", Name: "gitea"}}, ""},
		{"gitea-x", []string{"gitea-x"}, k8sops.LogQuery{Namespace: "rt", Pod: "gitea-x"}, ""},
		{"gitae", nil, k8sops.LogQuery{}, "refused.no-target-near"},
		{"nothing-like-it", nil, k8sops.LogQuery{}, "refused.no-target"},
		{"deployment/gitae", []string{"gitae"}, k8sops.LogQuery{}, "refused.no-app-near"},
	} {
		cluster := &fakeReads{pods: test.pods}
		_, err := put(t, handlers.Describe(apps, cluster, atNoon), "en", test.name)
		refused, _ := refusal.Of(err)
		if (test.key == "") != (err == nil) || refused != nil && refused.Key != test.key || !cmp.Equal(cluster.asked, test.want) {
			t.Errorf("%s: got %v and %+v, want %q and %+v", test.name, err, cluster.asked, test.key, test.want)
		}
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	for key, err := range map[string]error{
		"refused.no-container": &k8sops.ContainerError{Name: "x", Has: []string{"gitea"}},
		"refused.no-log":       &k8sops.NoLogError{Message: "previous terminated container not found"},
		"refused.no-pod":       fmt.Errorf("x: %w", k8sops.ErrNotFound),
		"cluster.forbidden":    fmt.Errorf("x: %w", k8sops.ErrForbidden),
		"cluster.unreachable":  errors.Join(k8sops.ErrUnreachable),
	} {
		_, got := put(t, handlers.Logs(apps, &fakeReads{err: err}), "en", "gitea")
		if refused, _ := refusal.Of(got); refused == nil || refused.Key != key {
			t.Errorf("%v: got %v, want %s", err, got, key)
		}
	}
}
