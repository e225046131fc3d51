package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"k8s.io/client-go/util/cert"

	"rtbot/lab/kubelet"
	"rtbot/lab/part"
	"rtbot/lab/pull"
	"rtbot/lab/registry"
)

// dockerUser is the team's account at Docker Hub, and privateImage what it can pull.
const (
	dockerUser   = "rt"
	privateImage = "rt/mon-app"
)

// keeps are the images of the forge, and a few that people add or that something is wrong with.
func keeps() []registry.Image {
	return []registry.Image{
		{Repository: "library/nginx", Tags: []string{"1.25", "1.26", "1.27", "1.28", "alpine", "latest", "1.27-alpine"}},
		{Repository: "library/postgres", Tags: []string{"15", "16", "17", "latest"}},
		{Repository: "library/busybox", Tags: []string{"1.36", "1.37", "latest"}},
		{Repository: "library/redis", Tags: []string{"7", "latest"}},
		{Repository: "gitea/gitea", Tags: []string{"1.21", "1.22", "1.23", "latest"}},
		{Repository: "jenkins/jenkins", Tags: []string{"lts", "lts-jdk17", "latest"}},
		{Repository: privateImage, Tags: []string{"1.0", "1.1", "latest"}},
		{Repository: "rtpublic/arm-only", Tags: []string{"1.0"}, Architecture: "arm64"},
	}
}

// images starts the registry that plays Docker Hub, and once more with a certificate that nobody trusts.
func (l *lab) images(ctx context.Context) (err error) {
	l.registry, err = registry.New(ctx, registry.Options{
		Address: part.Address(l.ports.registry), Images: keeps(), Private: []string{privateImage}, Now: l.Now,
		Accounts: []registry.Account{{Name: dockerUser, Password: l.tokens.docker}},
	})
	if err != nil {
		return err
	}
	l.background(l.registry.Run)
	crt, key, err := cert.GenerateSelfSignedCertKey(registry.Server, []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(crt, key)
	if err != nil {
		return err
	}
	address, err := l.serveTLS(ctx, part.Address(0), l.registry, pair)
	l.urls.badRegistry = "https://" + address
	l.puller = pull.New(l.http, map[string]pull.Mirror{
		registry.Host: {URL: l.registry.URL(), Server: registry.Server, Realm: registry.Realm},
	}, l.Now)
	return err
}

// kubelets start what looks after the pods.
func (l *lab) kubelets(ctx context.Context) error {
	l.kubelet = kubelet.New(l.clients.Typed, l.puller, l.Now)
	l.background(l.kubelet.Run)
	kwok, err := l.cluster.Kwok(l.ports.kwok)
	if err != nil {
		return err
	}
	pair, err := l.cluster.Certificate()
	if err != nil {
		return err
	}
	_, err = l.serveTLS(ctx, part.Address(l.ports.kubelet), l.kubelet.Serve(kwok), pair)
	return err
}

// serveTLS answers HTTPS until the context ends, and gives the address.
func (l *lab) serveTLS(ctx context.Context, address string, h http.Handler, pair tls.Certificate) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // clients are meant to hang up

		TLSConfig:    &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // an upgraded connection needs HTTP/1.1
	}
	l.background(func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return ctx.Err()
	})
	return listener.Addr().String(), nil
}
