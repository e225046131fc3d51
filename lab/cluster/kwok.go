package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"

	"rtbot/lab/part"
)

// leaseSeconds is how long a node is believed to be alive.
const leaseSeconds = 40

func (c Cluster) stages() string { return filepath.Join(c.dir, "stages.yaml") }

// ServeNodes keeps the nodes alive with KWOK until the context ends. The nodes say that their kubelet answers on its own
// port, which is where the API server asks for logs.
func (c Cluster) ServeNodes(ctx context.Context, port, kubelet int) error {
	text, err := stages()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.stages(), text, 0o600); err != nil {
		return err
	}
	// The other programs in this binary have flags of their own there, and KWOK cannot read them.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	// KWOK looks for its stages in the arguments of the whole program, and nowhere else.
	os.Args = []string{"kwok", "--config=" + c.stages()}
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	if ctx, err = config.InitFlags(ctx, global); err != nil {
		return err
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(global)
	command.SetArgs([]string{
		"--kubeconfig=" + c.Kubeconfig(), "--manage-all-nodes=true", "--node-ip=" + loopback,
		"--server-address=" + part.Address(port), fmt.Sprintf("--node-port=%d", kubelet),
		"--tls-cert-file=" + c.serverCert(), "--tls-private-key-file=" + c.serverKey(),
		fmt.Sprintf("--node-lease-duration-seconds=%d", leaseSeconds),
	})
	return command.ExecuteContext(ctx)
}

// Kwok passes requests on to KWOK, upgraded ones as well.
func (c Cluster) Kwok(port int) (http.Handler, error) {
	authority, err := os.ReadFile(c.serverCert())
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	to := &url.URL{Scheme: "https", Host: part.Address(port)}
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	}, nil
}

// Certificate is what a kubelet of this cluster answers with.
func (c Cluster) Certificate() (tls.Certificate, error) {
	return tls.LoadX509KeyPair(c.serverCert(), c.serverKey())
}
