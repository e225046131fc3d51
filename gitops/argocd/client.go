package argocd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"rtbot/gitops"
)

// Config says which Argo CD, and as whom.
type Config struct {
	// Server is HOST:PORT.
	Server string
	// Token gives the token as it is now; it is asked for with every call.
	Token func() (string, error)
	// Plaintext is for a server without TLS.
	Plaintext bool
	// Applications are the names of those that the bot knows; all others are passed over.
	Applications []string
	Log          *slog.Logger
	Now          func() time.Time
}

// Client is a connection to Argo CD and the picture that it brings.
type Client struct {
	config Config
	conn   *grpc.ClientConn
	apps   application.ApplicationServiceClient
	seen   *picture
}

// New makes a client. It connects when it is used.
func New(c Config) (*Client, error) {
	transport := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	if c.Plaintext {
		transport = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(c.Server, grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(token{read: c.Token, plain: c.Plaintext}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largest)),
		// Argo CD takes a ping each 10 seconds: a connection that died in silence is noticed within 30.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("connect to Argo CD: %w", err)
	}
	return &Client{config: c, conn: conn, apps: application.NewApplicationServiceClient(conn), seen: newPicture(c)}, nil
}

// largest is the largest message that is read: one Application with all its resources.
const largest = 64 << 20

// token sends the token as Argo CD's API wants it.
type token struct {
	read  func() (string, error)
	plain bool
}

// GetRequestMetadata adds the token to a call.
func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	text, err := t.read()
	if err != nil {
		return nil, err
	}
	return map[string]string{"token": text}, nil
}

// RequireTransportSecurity keeps the token off connections without TLS, unless the configuration asks for that.
func (t token) RequireTransportSecurity() bool { return !t.plain }

// Run keeps the watch stream open until ctx ends, and closes the connection then.
func (c *Client) Run(ctx context.Context) error {
	for wait := minWait; ctx.Err() == nil; {
		began := c.config.Now()
		err := c.watch(ctx)
		if ctx.Err() != nil {
			break
		}
		c.seen.lost(outside(err), c.config.Now())
		c.config.Log.WarnContext(ctx, "argo cd stream broke", "error", err)
		if c.config.Now().Sub(began) > maxWait {
			wait = minWait
		}
		sleep(ctx, wait+rand.N(wait)) //nolint:gosec // spreads the reconnects of several bots, and is no secret
		wait = min(2*wait, maxWait)
	}
	return c.conn.Close()
}

// The pauses between two tries to connect.
const (
	minWait = 250 * time.Millisecond
	maxWait = 15 * time.Second
)

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// watch reads one stream to its end. It begins with every Application, so that what changed in between is not missed.
func (c *Client) watch(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.apps.Watch(ctx, &application.ApplicationQuery{})
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		c.seen.update(string(event.Type), convert(&event.Application))
	}
}

// Refresh makes Argo CD compare an Application with Git now, and returns it as it is after that.
func (c *Client) Refresh(ctx context.Context, name string) (Application, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	kind := "normal"
	a, err := c.apps.Get(ctx, &application.ApplicationQuery{Name: &name, Refresh: &kind})
	if err != nil {
		return Application{}, fmt.Errorf("refresh %s: %w", name, outside(err))
	}
	seen := convert(a)
	c.seen.update("MODIFIED", seen)
	return seen, nil
}

// RunResourceAction makes Argo CD do one of its actions to an object of an Application, in Argo CD's own name. An error that
// wraps gitops.ErrOutcomeUnknown means that it may have been done.
func (c *Client) RunResourceAction(ctx context.Context, name string, o gitops.Object, action string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	version := "v1"
	_, err := c.apps.RunResourceAction(ctx, &application.ResourceActionRunRequest{
		Name: &name, Namespace: &o.Namespace, ResourceName: &o.Name, Version: &version, Group: &o.Group, Kind: &o.Kind, Action: &action,
	})
	if err == nil {
		return nil
	}
	if err = outside(err); errors.Is(err, gitops.ErrUnreachable) {
		err = errors.Join(gitops.ErrOutcomeUnknown, err)
	}
	return fmt.Errorf("%s %s: %w", action, o, err)
}

// ApplicationURL is the page of an Application in Argo CD.
func (c *Client) ApplicationURL(name string) string {
	u := url.URL{Scheme: "https", Host: c.config.Server, Path: "/applications/" + name}
	if c.config.Plaintext {
		u.Scheme = "http"
	}
	return u.String()
}

// outside turns an error of the wire into what callers tell apart.
func outside(err error) error {
	switch status.Code(err) {
	case codes.Unauthenticated:
		return &gitops.RefusedError{Code: gitops.BadToken, Detail: status.Convert(err).Message()}
	case codes.PermissionDenied:
		return &gitops.RefusedError{Code: gitops.Forbidden, Detail: status.Convert(err).Message()}
	case codes.NotFound:
		return &gitops.RefusedError{Code: gitops.NotFound, Detail: status.Convert(err).Message()}
	case codes.FailedPrecondition: // "another operation is already in progress"
		return &gitops.RefusedError{Code: gitops.Busy, Detail: status.Convert(err).Message()}
	case codes.InvalidArgument:
		return &gitops.RefusedError{Code: gitops.Invalid, Detail: status.Convert(err).Message()}
	default:
		return errors.Join(gitops.ErrUnreachable, err)
	}
}
