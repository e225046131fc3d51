// Package git serves bare repositories over smart HTTP, as a Git host does. It knows no forge and no GitHub.
package git

import (
	"fmt"
	"net/http"
	"net/http/cgi" //nolint:gosec // mended in Go 1.6.3; this is for Go 1.26
	"os/exec"
)

// Handler serves every repository of a folder, for reading and for writing where the repository allows it, by Git's
// own program.
func Handler(folder string) (http.Handler, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("find git: %w", err)
	}
	return &cgi.Handler{
		Path: program,
		Args: []string{"http-backend"},
		Env:  []string{"GIT_PROJECT_ROOT=" + folder, "GIT_HTTP_EXPORT_ALL=1"},
	}, nil
}
