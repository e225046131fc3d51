// Package homeserver runs a real Matrix homeserver, Dendrite, for this machine alone, and people who talk on it with clients
// of their own. It knows no bot.
package homeserver

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the template of Dendrite's configuration
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"text/template"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/synapseadmin"

	"rtbot/lab/part"
)

//go:embed dendrite.yaml.tmpl
var configuration string

// Name is the homeserver's name, behind the colon of every account.
const Name = "localhost"

// Server is a running homeserver.
type Server struct {
	// URL is where its client API answers.
	URL string

	dir     string
	secret  string
	command *exec.Cmd
	log     bytes.Buffer
}

// Start runs Dendrite, the program at path, with all that it keeps in dir, and returns when it answers.
func Start(ctx context.Context, path, dir string) (*Server, error) {
	ports, err := part.FreePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	address := part.Address(ports[0])
	s := &Server{URL: "http://" + address, dir: dir, secret: rand.Text()}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("prepare homeserver: %w", err)
	}
	s.command = exec.Command(path, "-config", filepath.Join(dir, "dendrite.yaml"), "-http-bind-address", address) //nolint:gosec,noctx // the lab's own program, which Stop ends
	s.command.Dir, s.command.Stdout, s.command.Stderr = dir, &s.log, &s.log
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start homeserver: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	if err := part.Until(ctx, part.Answers(client, s.URL+"/_matrix/client/versions")); err != nil {
		return nil, errors.Join(fmt.Errorf("homeserver: %w", err), s.Stop(), errors.New(s.log.String()))
	}
	return s, nil
}

// prepare writes the homeserver's key and its configuration.
func (s *Server) prepare() error {
	seed := make([]byte, 32)
	rand.Read(seed)
	key := pem.EncodeToMemory(&pem.Block{Type: "MATRIX PRIVATE KEY", Headers: map[string]string{"Key-ID": "ed25519:lab"}, Bytes: seed})
	if err := os.WriteFile(filepath.Join(s.dir, "matrix_key.pem"), key, 0o600); err != nil {
		return err
	}
	t, err := template.New("dendrite.yaml").Parse(configuration)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, map[string]string{"Dir": s.dir, "Secret": s.secret}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "dendrite.yaml"), text.Bytes(), 0o600)
}

// Stop ends the homeserver.
func (s *Server) Stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if _, ended := errors.AsType[*exec.ExitError](s.command.Wait()); ended {
		return nil // a signal ended it
	}
	return nil
}

// Register makes an account.
func (s *Server) Register(ctx context.Context, name, password string) error {
	client, err := mautrix.NewClient(s.URL, "", "")
	if err != nil {
		return err
	}
	admin := &synapseadmin.Client{Client: client}
	_, err = admin.SharedSecretRegister(ctx, s.secret, synapseadmin.ReqSharedSecretRegister{Username: name, Password: password})
	if err != nil {
		return fmt.Errorf("register %s: %w", name, err)
	}
	return nil
}
