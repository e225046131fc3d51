package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/jferrl/go-githubauth"
	"golang.org/x/oauth2"

	"rtbot/cmd/bot/config"
	"rtbot/gitops/argocd"
	"rtbot/gitops/github"
	"rtbot/handlers"
	"rtbot/k8sops"
)

// clients are the outside services.
type clients struct {
	github  *github.Repository
	argo    *argocd.Client
	cluster *k8sops.Cluster
	// workflow is the repository whose workflow makes the secrets, and renews what of it does.
	workflow *github.Repository
	renews   handlers.Workflow
	// hosts are the registries that images may come from.
	hosts []string
}

// dial makes the clients of the outside services. Nobody is called yet.
func dial(conf config.Config, getenv func(string) string, log *slog.Logger) (clients, error) {
	token, err := githubToken(conf, getenv)
	if err != nil {
		return clients{}, err
	}
	c := clients{hosts: conf.Registry.Hosts}
	c.github, err = github.New(github.Config{
		Repository: conf.GitHub.Repository, Branch: conf.GitHub.Branch, APIURL: conf.GitHub.APIURL, Token: token,
		Transport: http.DefaultTransport, Now: time.Now,
	})
	if err != nil {
		return clients{}, fmt.Errorf("github: %w", err)
	}
	if err := c.dialWorkflow(conf, getenv, token); err != nil {
		return clients{}, err
	}
	c.argo, err = argocd.New(argocd.Config{
		Server: conf.ArgoCD.Server, Plaintext: conf.ArgoCD.Plaintext, Applications: conf.ArgoCD.Applications,
		Token: func() (string, error) { return conf.Read(conf.ArgoCD.Token, getenv) }, Log: log, Now: time.Now,
	})
	if err != nil {
		return clients{}, fmt.Errorf("argocd: %w", err)
	}
	images, err := registryClient(conf.Registry)
	if err != nil {
		return clients{}, fmt.Errorf("registry: %w", err)
	}
	c.cluster, err = k8sops.New(k8sops.Config{
		Kubeconfig: conf.Path(conf.Kubernetes.Kubeconfig), Namespaces: conf.Kubernetes.Namespaces,
		PullSecrets: conf.Registry.Secrets, StrayNamespaces: conf.Registry.Namespaces, Registry: images, Now: time.Now,
	})
	if err != nil {
		return clients{}, fmt.Errorf("kubernetes: %w", err)
	}
	return c, nil
}

// dialWorkflow makes the client of the repository whose workflow makes the secrets, with a token of its own where one is
// configured.
func (c *clients) dialWorkflow(conf config.Config, getenv func(string) string, token func(context.Context) (string, error)) (err error) {
	if conf.Workflow == nil {
		return nil
	}
	if own := conf.Workflow.Token; own != nil {
		token = func(context.Context) (string, error) { return conf.Read(*own, getenv) }
	}
	c.renews = handlers.Workflow{File: conf.Workflow.File, Job: conf.Workflow.Job, Every: 3 * time.Second}
	c.workflow, err = github.New(github.Config{
		Repository: cmp.Or(conf.Workflow.Repository, conf.GitHub.Repository), Branch: conf.GitHub.Branch, APIURL: conf.GitHub.APIURL,
		Token: token, Transport: http.DefaultTransport, Now: time.Now,
	})
	if err != nil {
		return fmt.Errorf("workflow: %w", err)
	}
	return nil
}

// githubToken gives the token that is configured: one that somebody made, read anew each time, or one of a GitHub App,
// which lasts an hour and is renewed by itself.
func githubToken(conf config.Config, getenv func(string) string) (func(context.Context) (string, error), error) {
	if t := conf.GitHub.Token; t != nil {
		return func(context.Context) (string, error) { return conf.Read(*t, getenv) }, nil
	}
	app := conf.GitHub.App
	key, err := conf.Read(app.Key, getenv)
	if err != nil {
		return nil, fmt.Errorf("github.app.key: %w", err)
	}
	source, err := githubauth.NewApplicationTokenSource(strconv.FormatInt(app.ID, 10), []byte(key))
	if err != nil {
		return nil, fmt.Errorf("github.app: %w", err)
	}
	var options []githubauth.InstallationTokenSourceOpt
	if conf.GitHub.APIURL != "" {
		options = append(options, githubauth.WithEnterpriseURL(conf.GitHub.APIURL))
	}
	tokens := oauth2.ReuseTokenSource(nil, githubauth.NewInstallationTokenSource(app.Installation, source, options...))
	return func(context.Context) (string, error) {
		t, err := tokens.Token()
		if err != nil {
			return "", fmt.Errorf("token of the GitHub App: %w", err)
		}
		if conf.Seen != nil {
			conf.Seen(t.AccessToken)
		}
		return t.AccessToken, nil
	}, nil
}
