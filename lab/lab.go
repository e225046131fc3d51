// Package lab starts a whole small cluster on one machine, of real parts: Kubernetes with KWOK as its nodes, Argo CD,
// a Git repository and a GitHub API in front of it. It holds the list of the parts and the order of their start; how
// each is run is known to its own package.
package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"rtbot/gitops/github/githubtest"
	"rtbot/lab/argo"
	"rtbot/lab/cluster"
	"rtbot/lab/kubelet"
	"rtbot/lab/part"
	"rtbot/lab/pull"
	"rtbot/lab/registry"
)

// httpTimeout is how long a part may take to answer one request.
const httpTimeout = 10 * time.Second

// Options say where a lab lives and what it is started with.
type Options struct {
	// Dir is the folder for everything that the lab writes.
	Dir string
	// Program is this program itself, which is started once more for each part.
	Program string
	// Path is where the parts look for git.
	Path string
	// Out gets a line for each part that is up.
	Out io.Writer
	Now func() time.Time
}

// lab is one that is being started, or runs.
type lab struct {
	Options

	dir   *dir
	parts *part.Supervisor
	// background runs what lives as long as the lab; its failure ends the lab.
	background func(run func(context.Context) error)

	ports    ports
	cluster  cluster.Cluster
	clients  cluster.Clients
	argo     *argo.Argo
	github   *githubtest.Server
	registry *registry.Registry
	puller   *pull.Puller
	kubelet  *kubelet.Kubelet
	http     *http.Client
	tokens   tokens
	urls     urls
}

// ports are chosen at start.
type ports struct{ api, kwok, kubelet, registry, web, ops int }

// tokens are made at start; the lab's may do everything, the bot's what its rights are.
type tokens struct{ labGitHub, botGitHub, botActions, labArgo, botArgo, docker string }

// urls are where what this process serves answers.
type urls struct{ git, github, badRegistry string }

// Up starts a lab in its folder and runs it until the context ends or a part dies.
func Up(ctx context.Context, o Options) (err error) {
	d, err := openDir(o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	group, ctx := errgroup.WithContext(ctx)
	background := func(run func(context.Context) error) { group.Go(func() error { return run(ctx) }) }
	l, err := newLab(ctx, o, d, background)
	if err != nil {
		return err
	}
	background(l.parts.Run)
	background(l.start)
	return group.Wait()
}

func newLab(ctx context.Context, o Options, d *dir, background func(func(context.Context) error)) (*lab, error) {
	const own = 6
	free, err := part.FreePorts(ctx, own+argo.PortsNeeded)
	if err != nil {
		return nil, err
	}
	l := &lab{
		Options: o, dir: d, background: background,
		ports: ports{api: free[0], kwok: free[1], kubelet: free[2], registry: free[3], web: free[4], ops: free[5]},
		http:  &http.Client{Timeout: httpTimeout},
		tokens: tokens{
			labGitHub: "lab_" + rand.Text(), botGitHub: "bot_" + rand.Text(), botActions: "bot_" + rand.Text(),
			docker: "dckr_pat_" + rand.Text(),
		},
		parts: part.New(o.Program, d.in("logs"), []string{"PATH=" + o.Path, "HOME=" + d.in("state")}),
	}
	l.cluster = cluster.At(d.in("state", "cluster"), l.ports.api)
	l.argo = argo.New(argo.Options{
		Dir: d.in("state", "argocd"), Kubeconfig: l.cluster.Kubeconfig(), Ports: free[own:], HTTP: l.http,
	}, rand.Text())
	return l, nil
}

// step is one thing that is done on the way up.
type step struct {
	name string
	do   func(context.Context) error
}

// steps are done in this order, those of one line at the same time.
func (l *lab) steps() [][]step {
	return [][]step{
		{{"forge", l.forge}, {"redis", l.redis}, {"registry", l.images}, {"kubernetes", l.kubernetes}},
		{{"nodes", l.nodes}, {"argo cd settings", l.argoSettings}},
		{{"kwok", l.kwok}, {"kubelets", l.kubelets}, {"volumes", l.volumes}, {"argo cd", l.argoParts}},
		{{"applications", l.applications}, {"accounts", l.accounts}},
		{{"rights of the bot", l.rights}, {"seeds", l.seeds}}, // both need what the Applications made
		{{"lab.env and rt.yaml", l.handOver}, {"scenarios", l.scenarios}},
	}
}

// start takes all steps, each with a line of progress.
func (l *lab) start(ctx context.Context) error {
	began := l.Now()
	progress := newProgress(l.Out, l.Now)
	for _, together := range l.steps() {
		group, ctx := errgroup.WithContext(ctx)
		for _, s := range together {
			group.Go(func() error {
				if err := progress.time(ctx, s); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return progress.ready(began)
}
