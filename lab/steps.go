package lab

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/alicebob/miniredis/v2"
	"golang.org/x/sync/errgroup"

	"rtbot/gitops/github/githubtest"
	"rtbot/lab/argo"
	"rtbot/lab/cluster"
	"rtbot/lab/forge"
	"rtbot/lab/git"
	"rtbot/lab/part"
	"rtbot/lab/volume"
)

// The repository, as GitHub and Git call it.
const (
	owner      = "rt"
	repository = "forge"
)

// Names of the parts that are the lab's own programs.
const (
	kubernetesPart = "kubernetes"
	kwokPart       = "kwok"
)

// gitDir is the bare repository.
func (l *lab) gitDir() string { return l.dir.in("state", "git", owner, repository+".git") }

// gitURL is where Argo CD clones from.
func (l *lab) gitURL() string { return l.urls.git + "/" + owner + "/" + repository + ".git" }

// forge makes the repository and serves it as Git and as GitHub.
func (l *lab) forge(ctx context.Context) error {
	if err := os.MkdirAll(l.dir.in("state", "git", owner), 0o700); err != nil {
		return err
	}
	if err := forge.Create(ctx, l.gitDir(), l.Now()); err != nil {
		return err
	}
	overHTTP, err := git.Handler(l.dir.in("state", "git"))
	if err != nil {
		return err
	}
	if l.urls.git, err = l.serve(ctx, overHTTP); err != nil {
		return err
	}
	if l.github, err = l.newGitHub(); err != nil {
		return err
	}
	l.background(l.github.Run)
	l.urls.github, err = l.serve(ctx, l.github)
	return err
}

// newGitHub stands in front of the repository. The bot has a token for the files and another for the workflow, so that
// neither can push a workflow and start it.
func (l *lab) newGitHub() (*githubtest.Server, error) {
	permissions := func(more map[string]string) map[string]string {
		more["metadata"] = "read"
		return more
	}
	github, err := githubtest.New(githubtest.Config{
		GitDir: l.gitDir(), Owner: owner, Name: repository, Branch: forge.Branch, Now: l.Now, Admin: true, Runner: l.job,
		Tokens: map[string]githubtest.Token{
			l.tokens.labGitHub: {Login: "lab", Permissions: permissions(map[string]string{
				"contents": "write", "pull_requests": "write", "actions": "write", "secrets": "write", "administration": "write",
			})},
			l.tokens.botGitHub:  {Login: "rt-bot", Permissions: permissions(map[string]string{"contents": "write"})},
			l.tokens.botActions: {Login: "rt-bot", Permissions: permissions(map[string]string{"actions": "write", "secrets": "read"})},
		},
	})
	if err != nil {
		return nil, err
	}
	for _, secret := range []string{"DIGITALOCEAN_TOKEN", dockerPassword} {
		github.SetSecret(secret)
	}
	return github, nil
}

// redis is Argo CD's cache. Its clock stands still unless it is pushed on, and then nothing would ever expire.
func (l *lab) redis(context.Context) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(part.Address(0)); err != nil {
		return err
	}
	l.argo.Redis = server.Addr()
	l.background(func(ctx context.Context) error {
		defer server.Close()
		const second = time.Second
		ticker := time.NewTicker(second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				server.FastForward(second)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return nil
}

// kubernetes starts the control plane.
func (l *lab) kubernetes(ctx context.Context) error {
	if err := l.cluster.Prepare(); err != nil {
		return err
	}
	clients, err := l.cluster.Connect()
	if err != nil {
		return err
	}
	l.clients = clients
	return l.parts.Start(ctx, part.Part{
		Name:  kubernetesPart,
		Args:  []string{l.dir.in("state", "cluster"), strconv.Itoa(l.ports.api)},
		Ready: l.clients.Ready,
	})
}

func (l *lab) nodes(ctx context.Context) error { return l.clients.Furnish(ctx) }

// kwok keeps the nodes alive.
func (l *lab) kwok(ctx context.Context) error {
	return l.parts.Start(ctx, part.Part{
		Name: kwokPart,
		Args: []string{
			l.dir.in("state", "cluster"), strconv.Itoa(l.ports.api), strconv.Itoa(l.ports.kwok), strconv.Itoa(l.ports.kubelet),
		},
		Ready: l.clients.NodesReady,
	})
}

func (l *lab) volumes(context.Context) error {
	l.background(volume.New(l.clients.Typed).Run)
	return nil
}

// argoSettings are what Argo CD finds in the cluster when it starts, the bot's account included.
func (l *lab) argoSettings(ctx context.Context) error {
	if err := l.argo.Prepare(); err != nil {
		return err
	}
	if err := l.argo.Install(ctx, l.clients); err != nil {
		return err
	}
	return l.argoRights(ctx)
}

func (l *lab) argoParts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range l.argo.Parts() {
		group.Go(func() error { return l.parts.Start(ctx, p) })
	}
	return group.Wait()
}

// applications runs the workflow that hands the repository over to Argo CD, and waits until what can run does.
func (l *lab) applications(ctx context.Context) error {
	if err := l.early(ctx); err != nil {
		return err
	}
	if err := l.firstRun(ctx); err != nil {
		return err
	}
	if err := l.untilApplications(ctx, settled); err != nil {
		return err
	}
	return l.untilRunning(ctx)
}

// untilApplications waits until a check is content with what the Applications say of themselves.
func (l *lab) untilApplications(ctx context.Context, check func([]argo.State) error) error {
	return part.Until(ctx, func(ctx context.Context) error {
		states, err := argo.States(ctx, l.clients)
		if err != nil {
			return err
		}
		return check(states)
	})
}

// accounts are the tests' and the bot's in Argo CD.
func (l *lab) accounts(ctx context.Context) (err error) {
	if l.tokens.labArgo, err = l.argo.Token(ctx, "lab"); err != nil {
		return err
	}
	l.tokens.botArgo, err = l.argo.Token(ctx, botName)
	return err
}

// Serve runs one of the parts that are the lab's own programs or Argo CD's, until the context ends.
func Serve(ctx context.Context, name string, args []string) error {
	switch {
	case name == kubernetesPart && len(args) == 2:
		c, _, err := clusterOf(args)
		if err != nil {
			return err
		}
		return c.Serve(ctx)
	case name == kwokPart && len(args) == 4:
		c, ports, err := clusterOf(args)
		if err != nil {
			return err
		}
		return c.ServeNodes(ctx, ports[1], ports[2])
	default:
		return argo.Run(ctx, name, args)
	}
}

// clusterOf reads the arguments of a part of the cluster: its folder, its port, and the part's own ports if it has any.
func clusterOf(args []string) (cluster.Cluster, []int, error) {
	ports := make([]int, len(args)-1)
	for i := range ports {
		port, err := strconv.Atoi(args[i+1])
		if err != nil {
			return cluster.Cluster{}, nil, fmt.Errorf("read the port: %w", err)
		}
		ports[i] = port
	}
	return cluster.At(args[0], ports[0]), ports, nil
}
