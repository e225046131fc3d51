package cluster

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"

	"rtbot/lab/part"
)

// leaseSeconds is how long a node is believed to be alive.
const leaseSeconds = 40

// ServeNodes plays the kubelet of all nodes with KWOK until the context ends; its own stages make a pod ready at once.
func (c Cluster) ServeNodes(ctx context.Context, port int) error {
	// The other programs in this binary have flags of their own there, and KWOK cannot read them.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	// It looks for the place of its configuration in the program's own arguments.
	os.Args = []string{"kwok", "--config=" + c.kwokConfig()}
	ctx, err := config.InitFlags(ctx, pflag.NewFlagSet("kwok", pflag.ContinueOnError))
	if err != nil {
		return fmt.Errorf("read the configuration of KWOK: %w", err)
	}
	command := kwok.NewCommand(ctx)
	command.SetArgs([]string{
		"--kubeconfig=" + c.Kubeconfig(), "--manage-all-nodes=true", "--node-ip=" + loopback,
		"--server-address=" + part.Address(port), fmt.Sprintf("--node-port=%d", port),
		"--tls-cert-file=" + c.serverCert(), "--tls-private-key-file=" + c.serverKey(), // logs pass through the API server
		fmt.Sprintf("--node-lease-duration-seconds=%d", leaseSeconds),
	})
	return command.ExecuteContext(ctx)
}
