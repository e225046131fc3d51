package argo

import (
	"path/filepath"
	"strconv"

	"rtbot/lab/part"
)

// neverByItself is when Argo CD looks at Git again without being asked: a refresh is what makes it notice.
const neverByItself = "24h"

// Indexes into the ports; the server's own is the first.
const (
	repoPort = iota + 1
	serverMetricsPort
	repoMetricsPort
	controllerMetricsPort
)

// Parts are the programs of Argo CD.
func (a *Argo) Parts() []part.Part { return []part.Part{a.repoServer(), a.server(), a.controller()} }

func (a *Argo) server() part.Part {
	return part.Part{
		Name: Server,
		Args: append(a.shared(),
			"--address=127.0.0.1", "--port="+a.port(0), "--insecure",
			"--metrics-address=127.0.0.1", "--metrics-port="+a.port(serverMetricsPort),
			"--dex-server=http://127.0.0.1:1", // nothing: accounts are local
			"--staticassets="+filepath.Join(a.Dir, "tmp"),
			"--kubeconfig="+a.Kubeconfig, "--namespace="+Namespace,
			"--repo-server="+part.Address(a.Ports[repoPort]), "--repo-server-plaintext",
		),
		Env:   a.env(),
		Ready: part.Answers(a.HTTP, "http://"+a.Address()+"/healthz"),
	}
}

func (a *Argo) repoServer() part.Part {
	return part.Part{
		Name: RepoServer,
		Args: append(a.shared(),
			"--address=127.0.0.1", "--port="+a.port(repoPort), "--disable-tls",
			"--metrics-address=127.0.0.1", "--metrics-port="+a.port(repoMetricsPort),
		),
		Env:   a.env(),
		Ready: part.Answers(a.HTTP, "http://"+part.Address(a.Ports[repoMetricsPort])+"/healthz?full=true"),
	}
}

// controller serves its metrics on all addresses, whatever it is told: its port is chosen at start and told nobody.
func (a *Argo) controller() part.Part {
	return part.Part{
		Name: Controller,
		Args: append(a.shared(),
			"--metrics-port="+a.port(controllerMetricsPort),
			"--kubeconfig="+a.Kubeconfig, "--namespace="+Namespace,
			"--repo-server="+part.Address(a.Ports[repoPort]), "--repo-server-plaintext",
		),
		Env:   append(a.env(), "HOSTNAME=argocd-application-controller-0"),
		Ready: part.Answers(a.HTTP, "http://"+part.Address(a.Ports[controllerMetricsPort])+"/healthz"),
	}
}

func (a *Argo) shared() []string {
	return []string{"--redis=" + a.Redis, "--logformat=text", "--loglevel=info"}
}

func (a *Argo) port(i int) string { return strconv.Itoa(a.Ports[i]) }

func (a *Argo) env() []string {
	in := func(name string) string { return filepath.Join(a.Dir, name) }
	return []string{
		"HOME=" + in("home"), "TMPDIR=" + in("tmp"),
		"ARGOCD_FAKE_IN_CLUSTER=true", "KUBECONFIG=" + a.Kubeconfig,
		"ARGOCD_TLS_DATA_PATH=" + in("tls"), "ARGOCD_SSH_DATA_PATH=" + in("ssh"),
		"ARGOCD_GNUPGHOME=" + in("gpg/keys"), "ARGOCD_GPG_DATA_PATH=" + in("gpg/source"), "ARGOCD_GPG_ENABLED=false",
		"ARGOCD_PLUGINSOCKFILEPATH=" + in("plugins"), "ARGOCD_ASK_PASS_SOCK=" + in("ask-pass.sock"),
		"ARGOCD_RECONCILIATION_TIMEOUT=" + neverByItself, "ARGOCD_RECONCILIATION_JITTER=0",
	}
}
