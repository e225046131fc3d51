package main

import (
	"rtbot/cmd/bot/config"
	"rtbot/k8sops/registry"
)

// registryClient asks the registries that the configuration allows; nil where it allows none.
func registryClient(c config.Registry) (*registry.Client, error) {
	if len(c.Hosts)+len(c.Endpoints) == 0 {
		return nil, nil //nolint:nilnil // the bot works without one
	}
	return registry.New(registry.Config{Hosts: c.Hosts, Realms: c.Realms, Endpoints: c.Endpoints})
}

// secretName tells which of GitHub's secrets the workflow makes a secret of the cluster of; empty where none is known.
func secretName(w *config.Workflow) func(namespace, name string) string {
	return func(namespace, name string) string {
		if w == nil {
			return ""
		}
		for _, s := range w.Secrets {
			if s.Kubernetes == namespace+"/"+name {
				return s.GitHub
			}
		}
		return ""
	}
}
