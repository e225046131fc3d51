package change_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/gitops/argocd"
	"rtbot/gitops/github/githubtest"
	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
	"rtbot/journal"
	"rtbot/k8sops"
)

const commitCall = "mutation createCommitOnBranch"

func TestAChangeIsOneCommitOfOneLine(t *testing.T) {
	w := newWorld(t)
	op := w.ask("k")
	got := w.do(op, 2)
	if got.Outcome != change.Verified || got.Rollout.Ready != 2 {
		t.Errorf("got %s with %d ready, want verified with 2", got.Outcome, got.Rollout.Ready)
	}
	for _, s := range got.Steps {
		if s.State != change.Done && s.Name != change.StepApprove {
			t.Errorf("step %s is %s", s.Name, s.State)
		}
	}
	if diff := cmp.Diff([]string{"query repository", commitCall}, w.calls()); diff != "" {
		t.Errorf("calls of GitHub (-want +got):\n%s", diff)
	}
	if w.argo.refreshes != 1 {
		t.Errorf("got %d refreshes, want 1", w.argo.refreshes)
	}
	if diff := cmp.Diff(strings.Replace(gitea, "replicas: 1", "replicas: 2", 1), w.git("show", "main:"+giteaFile)+"\n"); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	message := strings.Split(w.git("log", "-1", "--format=%B", "main"), "\n")
	want := []string{
		"gitea: set replicas from 1 to 2", "", "Rt-Request: scale gitea 2", "Requested-by: alice (web:alice)",
	}
	if diff := cmp.Diff(want, message[:4]); diff != "" {
		t.Errorf("the message (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(message[4], "Rt-Operation: "+op+".") {
		t.Errorf("the last line is %q", message[4])
	}
}

func TestTheSameValueIsNoCommit(t *testing.T) {
	w := newWorld(t)
	if got := w.do(w.ask("k"), 1); got.Outcome != change.Already || w.ours() != 0 {
		t.Errorf("got %s and %d commits, want already and none", got.Outcome, w.ours())
	}
}

// A lost answer, a broken one and a moved branch all end in one commit.
func TestAnAnswerThatIsLostIsLookedFor(t *testing.T) {
	tests := map[string]githubtest.Fault{
		"the connection is lost before": {Kind: githubtest.Drop},
		"the connection is lost after":  {Kind: githubtest.Drop, Done: true},
		"a server error before":         {Kind: githubtest.ServerError},
		"a server error after":          {Kind: githubtest.ServerError, Done: true},
		"a gateway's page after":        {Kind: githubtest.BadGateway, Done: true},
		"half of an answer":             {Kind: githubtest.TruncatedJSON, Done: true},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fault.Operation, fault.Times = commitCall, 1
			w.server.Fault(fault)
			if got := w.do(w.ask("k"), 2); got.Outcome != change.Verified || w.ours() != 1 {
				t.Errorf("got %s and %d commits, want verified and one", got.Outcome, w.ours())
			}
		})
	}
}

func TestWhatGitHubRefusesIsSaidAndNothingIsDone(t *testing.T) {
	tests := map[string]struct {
		arrange func(*githubtest.Server)
		key     string
	}{
		"the token has ended": {func(s *githubtest.Server) {
			s.Fault(githubtest.Fault{Operation: commitCall, Kind: githubtest.BadCredentials, Times: 2})
		}, "github.bad-token"},
		"too many requests": {func(s *githubtest.Server) {
			s.Fault(githubtest.Fault{Operation: commitCall, Kind: githubtest.SecondaryLimit, Times: 1, Wait: time.Minute})
		}, "github.rate-limited"},
		"an archived repository": {func(s *githubtest.Server) { s.Set(githubtest.Settings{Archived: true}) }, "github.archived"},
		"a protected branch":     {func(s *githubtest.Server) { s.Set(githubtest.Settings{PullRequests: true}) }, "github.protected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.arrange(w.server)
			got := w.do(w.ask("k"), 2)
			if got.Outcome != change.Refused || got.Refused == nil || got.Refused.Key != test.key || w.ours() != 0 {
				t.Errorf("got %s (%+v) and %d commits, want refused with %s and none", got.Outcome, got.Refused, w.ours(), test.key)
			}
		})
	}
}

func TestWhoPushesInBetweenIsMet(t *testing.T) {
	tests := map[string]struct {
		path, content string
		want          change.Outcome
		key           string
		commits       int
	}{
		"another file":                {"README.md", "hello", change.Verified, "", 1},
		"another line of the file":    {giteaFile, strings.Replace(gitea, "1.22", "1.23", 1), change.Verified, "", 1},
		"the same line":               {giteaFile, strings.Replace(gitea, "replicas: 1", "replicas: 5", 1), change.Refused, "refused.changed", 0},
		"the same line, as was asked": {giteaFile, strings.Replace(gitea, "replicas: 1", "replicas: 2", 1), change.Already, "", 0},
		"the file is gone":            {giteaFile, "", change.Refused, "manifest.not-found", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			pushed := false
			var last change.View
			err := w.engine().Run(t.Context(), w.ask("k"), request("gitea", 2), func(v change.View) {
				last = v
				if !pushed && stateOf(v, change.StepCommit) == change.Running {
					pushed = true
					w.push(test.path, test.content)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			key := ""
			if last.Refused != nil {
				key = last.Refused.Key
			}
			if last.Outcome != test.want || key != test.key || w.ours() != test.commits {
				t.Errorf("got %s (%s) and %d commits, want %s (%s) and %d", last.Outcome, key, w.ours(), test.want, test.key, test.commits)
			}
		})
	}
}

func stateOf(v change.View, step string) change.StepState {
	for _, s := range v.Steps {
		if s.Name == step {
			return s.State
		}
	}
	return ""
}

func TestAProcessThatLostTheOperationStops(t *testing.T) {
	w := newWorld(t)
	op := w.ask("k")
	taken := false
	err := w.engine().Run(t.Context(), op, request("gitea", 2), func(v change.View) {
		if !taken && stateOf(v, change.StepPlan) == change.Done {
			taken = true
			if _, _, err := w.journal.Claim(t.Context(), op); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, journal.ErrLost) || w.ours() != 0 {
		t.Errorf("got %v and %d commits, want ErrLost and none", err, w.ours())
	}
}

func TestArgoCDThatIsDownIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.argo.failures = 1
	stale := ""
	var last change.View
	err := w.engine().Run(t.Context(), w.ask("k"), request("gitea", 2), func(v change.View) {
		if last = v; v.Stale != nil {
			stale = v.Stale.Key
		}
	})
	if err != nil || last.Outcome != change.Verified || stale != "stale.argocd" || w.argo.refreshes != 2 {
		t.Errorf("got %s, stale %q, %d refreshes, error %v", last.Outcome, stale, w.argo.refreshes, err)
	}
}

func TestWhatGoesWrongAfterTheCommitIsSaid(t *testing.T) {
	gitea := &layerResource{0}
	tests := map[string]struct {
		arrange func(*world)
		key     string
	}{
		"auto-sync is off": {func(w *world) {
			w.argo.after = func(a *argocd.Application) { a.AutoSync = false; gitea.of(a).Sync = argocd.OutOfSync }
		}, "failed.no-auto-sync"},
		"the sync fails": {func(w *world) {
			w.argo.after = func(a *argocd.Application) {
				gitea.of(a).Sync = argocd.OutOfSync
				a.Operation = argocd.Operation{Phase: "Failed", Revision: a.Revision, Message: "denied"}
			}
		}, "failed.sync"},
		"the manifests cannot be read": {func(w *world) {
			w.argo.after = func(a *argocd.Application) {
				gitea.of(a).Sync = argocd.SyncUnknown
				a.Conditions = []argocd.Condition{{Type: "ComparisonError", Message: "bad yaml"}}
			}
		}, "failed.comparison"},
		"an image cannot be pulled": {func(w *world) {
			w.cluster.rollouts = []k8sops.Rollout{{Generation: 2, Failure: &k8sops.Failure{Code: k8sops.PullFails, Pod: "gitea-1"}}}
		}, "failed.pull"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.arrange(w)
			got := w.do(w.ask("k"), 2)
			if got.Outcome != change.Failed || got.Refused.Key != test.key || w.ours() != 1 {
				t.Errorf("got %s (%+v) and %d commits, want failed with %s and one", got.Outcome, got.Refused, w.ours(), test.key)
			}
		})
	}
}

// layerResource is the place of an object in the layer.
type layerResource struct{ i int }

func (r *layerResource) of(a *argocd.Application) *argocd.Resource { return &a.Resources[r.i] }

func TestWhatTheClusterWouldNotTakeIsNotCommitted(t *testing.T) {
	tests := map[refusal.Code]k8sops.Obstacle{
		refusal.Autoscale: {Code: k8sops.Autoscaled, Name: "gitea", Min: 1, Max: 5},
		refusal.Quota:     {Code: k8sops.OverQuota, Name: "rt", Resource: "pods", Wanted: "11", Hard: "10"},
		refusal.Schema:    {Code: k8sops.SchemaError, Field: "spec.replicas", Problem: "must be an integer"},
	}
	for code, obstacle := range tests {
		w := newWorld(t)
		w.cluster.obstacles = []k8sops.Obstacle{obstacle}
		if got := w.do(w.ask("k"), 2); got.Outcome != change.Refused || got.Refused.Code != code || w.ours() != 0 {
			t.Errorf("got %s (%+v), want refused with %s", got.Outcome, got.Refused, code)
		}
	}
}

func TestNothingIsCommittedWhileChangesAreStopped(t *testing.T) {
	w := newWorld(t)
	if err := w.journal.Freeze(t.Context(), "web:bob", "the fair opens"); err != nil {
		t.Fatal(err)
	}
	if got := w.do(w.ask("k"), 2); got.Outcome != change.Refused || got.Refused.Key != "refused.frozen" || w.ours() != 0 {
		t.Errorf("got %s (%+v) and %d commits, want refused as frozen", got.Outcome, got.Refused, w.ours())
	}
	if err := w.journal.Thaw(t.Context(), "web:alice"); err != nil {
		t.Fatal(err)
	}
	if got := w.do(w.ask("k2"), 2); got.Outcome != change.Verified || w.ours() != 1 {
		t.Errorf("got %s and %d commits, want verified and one", got.Outcome, w.ours())
	}
}

func TestWhatElseTheSyncDoesIsInThePlan(t *testing.T) {
	w := newWorld(t)
	w.argo.app.Resources[1].Sync = argocd.OutOfSync
	orphan := w.argo.app.Resources[1]
	orphan.Name, orphan.RequiresPruning = "old", true
	w.argo.app.Resources = append(w.argo.app.Resources, orphan)
	got := w.do(w.ask("k"), 2)
	want := []change.Effect{
		{Code: change.AlsoPrunes, Object: "Deployment/old"}, {Code: change.AlsoChanges, Object: "Deployment/web"},
	}
	if diff := cmp.Diff(want, got.Plan.Effects); diff != "" || got.Plan.Class != change.Danger {
		t.Errorf("class %s, effects (-want +got):\n%s", got.Plan.Class, diff)
	}
}

// Twenty changes of two apps at once: the history is a line, and each is told the truth.
func TestManyChangesAtOnce(t *testing.T) {
	w := newWorld(t)
	engine := w.engine()
	outcomes := map[change.Outcome]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 20 {
		op := w.ask(fmt.Sprint("k", i))
		all.Go(func() {
			var last change.View
			app := []string{"gitea", "web"}[i%2]
			if err := engine.Run(t.Context(), op, request(app, int32(2+i/2)), func(v change.View) { last = v }); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[last.Outcome]++
		})
	}
	all.Wait()
	if outcomes[change.Verified] != 20 || w.ours() != 20 {
		t.Errorf("got %v and %d commits, want 20 verified and 20", outcomes, w.ours())
	}
	if merges := w.git("rev-list", "--merges", "main"); merges != "" {
		t.Errorf("the history has merges: %s", merges)
	}
}
