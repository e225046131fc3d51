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
	github, err := githubtest.New(githubtest.Config{
		GitDir: l.gitDir(), Owner: owner, Name: repository, Branch: forge.Branch, Now: l.Now, Admin: true,
		Tokens: map[string]githubtest.Token{
			l.tokens.labGitHub: {Login: "lab", Permissions: map[string]string{
				"metadata": "read", "contents": "write", "pull_requests": "write", "actions": "write", "administration": "write",
			}},
			l.tokens.botGitHub: {Login: "rt-bot", Permissions: map[string]string{"metadata": "read", "contents": "write"}},
		},
	})
	if err != nil {
		return err
	}
	l.urls.github, err = l.serve(ctx, github)
	return err
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

// kwok plays the kubelets.
func (l *lab) kwok(ctx context.Context) error {
	return l.parts.Start(ctx, part.Part{
		Name:  kwokPart,
		Args:  []string{l.dir.in("state", "cluster"), strconv.Itoa(l.ports.api), strconv.Itoa(l.ports.kwok)},
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

// applications hands the repository over to Argo CD and waits until everything in it runs.
func (l *lab) applications(ctx context.Context) error {
	files, err := forge.Files()
	if err != nil {
		return err
	}
	if err := argo.Add(ctx, l.clients, files, "k8s/argocd", l.gitURL()); err != nil {
		return err
	}
	return l.untilApplications(ctx, argo.Settled)
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
	case name == kwokPart && len(args) == 3:
		c, port, err := clusterOf(args)
		if err != nil {
			return err
		}
		return c.ServeNodes(ctx, port)
	default:
		return argo.Run(ctx, name, args)
	}
}

// clusterOf reads the arguments of a part of the cluster: its folder, its port, and the part's own port if it has one.
func clusterOf(args []string) (cluster.Cluster, int, error) {
	ports := make([]int, len(args)-1)
	for i := range ports {
		port, err := strconv.Atoi(args[i+1])
		if err != nil {
			return cluster.Cluster{}, 0, fmt.Errorf("read the port: %w", err)
		}
		ports[i] = port
	}
	return cluster.At(args[0], ports[0]), ports[len(ports)-1], nil
}
