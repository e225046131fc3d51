package change_test

import (
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/argocd"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
	"rtbot/gitops/manifest"
	"rtbot/handlers/change"
	"rtbot/journal"
	"rtbot/k8sops"
)

const giteaFile = "k8s/03-apps/gitea.yaml"

const gitea = `# The forge's own Git
apiVersion: apps/v1
kind: Deployment
metadata:
  name: gitea # the name that people type
spec:
  replicas: 1
  template: {spec: {containers: [{name: gitea, image: "gitea/gitea:1.22"}]}}
`

// world is everything that the engine talks to: a real repository behind a faithful GitHub, a journal, and fakes of Argo
// CD and the cluster.
type world struct {
	t       *testing.T
	gitDir  string
	server  *githubtest.Server
	github  *github.Repository
	argo    *fakeArgo
	cluster *fakeCluster
	journal *journal.Journal
	gate    change.Gate
	now     func() time.Time
	start   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, gitDir: filepath.Join(t.TempDir(), "forge.git"), now: time.Now, gate: fakeGate{}}
	files := map[string]string{giteaFile: gitea, "k8s/03-apps/web.yaml": strings.ReplaceAll(gitea, "gitea", "web")}
	if err := githubtest.Create(t.Context(), w.gitDir, "main", files, time.Now()); err != nil {
		t.Fatal(err)
	}
	var err error
	w.server, err = githubtest.New(githubtest.Config{
		GitDir: w.gitDir, Owner: "rt", Name: "forge", Branch: "main", Now: time.Now,
		Tokens: map[string]githubtest.Token{"t": {Login: "rt-bot", Permissions: map[string]string{"contents": "write", "metadata": "read"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(w.server)
	t.Cleanup(listener.Close)
	w.github, err = github.New(github.Config{
		Repository: "rt/forge", Branch: "main", APIURL: listener.URL, Now: time.Now,
		Token: func(context.Context) (string, error) { return "t", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.journal, err = journal.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "rt.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.journal.Close() })
	w.start = w.git("rev-parse", "main")
	w.argo = &fakeArgo{world: w, app: layer()}
	w.cluster = &fakeCluster{rollouts: []k8sops.Rollout{
		{Generation: 2, Desired: 2, Ready: 1}, {Generation: 2, Desired: 2, Updated: 2, Ready: 2, Complete: true},
	}}
	return w
}

func layer() argocd.Application {
	object := func(kind, name string, sync argocd.SyncStatus) argocd.Resource {
		return argocd.Resource{Object: gitops.Object{Group: "apps", Kind: kind, Namespace: "rt", Name: name}, Sync: sync}
	}
	return argocd.Application{
		Name: "layer-03-apps", Namespace: "rt", AutoSync: true, Prune: true,
		Source:    argocd.Source{Path: "k8s/03-apps", Kind: argocd.Directory},
		Resources: []argocd.Resource{object("Deployment", "gitea", argocd.Synced), object("Deployment", "web", argocd.Synced)},
	}
}

// engine makes an engine, as a newly started process would.
func (w *world) engine() *change.Engine {
	return change.New(change.Config{
		Repository: w.github, Argo: w.argo, Cluster: w.cluster, Journal: w.journal, Gate: w.gate, Key: []byte("key"),
		Name: func(string) string { return "alice" }, Now: w.now, Patience: 20 * time.Second,
		Lateness: 30 * time.Millisecond,
		Policy: func() change.Policy {
			return change.Policy{MaxReplicas: 20, Protected: []string{"postgres"}, Own: []string{"rt-bot"}}
		},
	})
}

// ask stores a request to scale and returns its operation.
func (w *world) ask(key string) string {
	w.t.Helper()
	d, _, err := w.journal.Accept(w.t.Context(), journal.Delivery{Platform: "web", Key: key, ReceivedAt: time.Now()},
		&journal.NewOperation{Verb: "scale", App: "gitea", Request: "scale gitea 2", Asker: "web:alice"})
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Operation
}

// do carries an operation to its end and returns the last picture.
func (w *world) do(op string, n int32) change.View {
	w.t.Helper()
	var last change.View
	if err := w.engine().Run(w.t.Context(), op, request("gitea", n), func(v change.View) { last = v }); err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return last
}

// request is what the verb scale asks for.
func request(app string, n int32) change.Request {
	return change.Request{
		Verb: "scale", App: change.AppName{Name: app}, Edit: replicas(n),
		Line: func(a change.AppName) string { return "scale " + a.String() },
	}
}

type replicas int32

func (n replicas) Apply(files []gitops.File, target gitops.Object) (change.Edited, error) {
	file, _, err := manifest.Find(files, target)
	if err != nil {
		return change.Edited{}, err
	}
	edit, err := manifest.Replicas(file, target, int32(n))
	edited := change.Edited{Path: file.Path, Line: edit.Line, Field: "replicas", Old: edit.Old, New: edit.New}
	if edit.Old != edit.New {
		edited.Files = []gitops.File{{Path: file.Path, Data: edit.Data}}
	}
	return edited, err
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	out, err := exec.CommandContext(w.t.Context(), "git", append([]string{"-C", w.gitDir}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// push commits a file as somebody else.
func (w *world) push(path, content string) {
	w.t.Helper()
	head := w.git("rev-parse", "main")
	tree, err := w.github.Commit(w.t.Context(), gitops.Change{
		Head: head, Headline: "somebody else", Files: []gitops.File{{Path: path, Data: []byte(content)}},
	})
	if err != nil {
		w.t.Fatal(err, tree)
	}
}

// ours counts the commits that carry the trailer of an operation of ours.
func (w *world) ours() int {
	w.t.Helper()
	return strings.Count(w.git("log", "--format=%B", w.start+"..main"), "Rt-Operation: ")
}

func (w *world) calls() []string {
	var names []string
	for _, c := range w.server.Calls() {
		names = append(names, c.Operation)
	}
	return names
}

// fakeArgo compares with the branch's head when it is refreshed, unless it is told otherwise.
type fakeArgo struct {
	world     *world
	mu        sync.Mutex
	app       argocd.Application
	failures  int // how many refreshes fail before one succeeds
	refreshes int
	after     func(*argocd.Application) // what a refresh does to the Application
}

func (f *fakeArgo) Workloads() ([]argocd.Workload, error) {
	var all []argocd.Workload
	for _, r := range f.app.Resources {
		all = append(all, argocd.Workload{Object: r.Object, Application: f.app.Name})
	}
	return all, nil
}

func (f *fakeArgo) Application(string) (argocd.Application, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.app, nil
}

func (f *fakeArgo) Refresh(context.Context, string) (argocd.Application, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refreshes++
	if f.failures > 0 {
		f.failures--
		return argocd.Application{}, gitops.ErrUnreachable
	}
	f.app.Revision = f.world.git("rev-parse", "main")
	if f.after != nil {
		f.after(&f.app)
	}
	return f.app, nil
}

func (f *fakeArgo) Follow(ctx context.Context, _ string) iter.Seq[argocd.Application] {
	return func(yield func(argocd.Application) bool) {
		for ctx.Err() == nil {
			a, _ := f.Application("")
			if !yield(a) {
				return
			}
			<-ctx.Done()
		}
	}
}

// fakeCluster takes everything and rolls it out as it is told.
type fakeCluster struct {
	obstacles []k8sops.Obstacle
	rollouts  []k8sops.Rollout
	err       error
}

func (f *fakeCluster) Preflight(context.Context, k8sops.Proposal) (k8sops.Preflight, error) {
	return k8sops.Preflight{Obstacles: f.obstacles}, f.err
}

func (f *fakeCluster) Rollout(context.Context, k8sops.Object) iter.Seq2[k8sops.Rollout, error] {
	return func(yield func(k8sops.Rollout, error) bool) {
		for _, r := range f.rollouts {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// fakeGate says the same of every plan.
type fakeGate struct{ err error }

func (g fakeGate) Decide(context.Context, string, change.Plan) error { return g.err }

func (fakeGate) Permit(context.Context, string, string) error { return nil }

var errStop = errors.New("the process is killed")
