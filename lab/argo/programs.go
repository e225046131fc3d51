package argo

import (
	"context"
	"fmt"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	repository "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	server "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	"github.com/spf13/cobra"
)

// Run runs one of Argo CD's programs until the context ends.
func Run(ctx context.Context, name string, args []string) error {
	var command *cobra.Command
	switch name {
	case Server:
		command = server.NewCommand()
	case RepoServer:
		command = repository.NewCommand()
	case Controller:
		command = controller.NewCommand()
	default:
		return fmt.Errorf("argo CD has no program %q", name)
	}
	command.SetArgs(args)
	return command.ExecuteContext(ctx)
}
