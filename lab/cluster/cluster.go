// Package cluster is the lab's Kubernetes: a control plane in one process, KWOK in place of the kubelets, three nodes
// and their storage classes. It knows nothing of Argo CD or of what runs in the cluster.
package cluster

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"

	"rtbot/lab/part"
)

// keyBits is the size of the key that signs the tokens of service accounts.
const keyBits = 2048

// clientQPS is above what the lab asks for, so that its clients never wait by themselves.
const clientQPS = 200

const loopback = "127.0.0.1"

// Cluster is where a cluster keeps its files and where it answers.
type Cluster struct {
	dir  string
	port int
}

// At is the cluster that keeps its files in a folder and answers on a port of this machine.
func At(dir string, port int) Cluster { return Cluster{dir: dir, port: port} }

// Kubeconfig is the administrator's.
func (c Cluster) Kubeconfig() string { return filepath.Join(c.dir, "admin.kubeconfig") }

func (c Cluster) url() string { return "https://" + part.Address(c.port) }

func (c Cluster) etcd() string       { return filepath.Join(c.dir, "etcd") }
func (c Cluster) serverCert() string { return filepath.Join(c.dir, "apiserver.crt") }
func (c Cluster) serverKey() string  { return filepath.Join(c.dir, "apiserver.key") }
func (c Cluster) accountKey() string { return filepath.Join(c.dir, "service-accounts.key") }
func (c Cluster) tokens() string     { return filepath.Join(c.dir, "tokens.csv") }

// Prepare writes what the cluster starts from: its keys, its certificate and the administrator's way in.
func (c Cluster) Prepare() error {
	crt, key, err := cert.GenerateSelfSignedCertKey(loopback, []net.IP{net.ParseIP(loopback)}, nil)
	if err != nil {
		return fmt.Errorf("make the certificate of the API server: %w", err)
	}
	accounts, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return fmt.Errorf("make the key of service accounts: %w", err)
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(accounts)}
	token := rand.Text()
	return errors.Join(
		os.MkdirAll(c.dir, 0o700),
		os.WriteFile(c.serverCert(), crt, 0o600),
		os.WriteFile(c.serverKey(), key, 0o600),
		os.WriteFile(c.accountKey(), pem.EncodeToMemory(&block), 0o600),
		os.WriteFile(c.tokens(), []byte(token+",admin,admin,system:masters\n"), 0o600),
		c.WriteKubeconfig(c.Kubeconfig(), token),
	)
}

// WriteKubeconfig writes a way in for whoever has the token.
func (c Cluster) WriteKubeconfig(path, token string) error {
	authority, err := os.ReadFile(c.serverCert())
	if err != nil {
		return err
	}
	const name = "lab"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: c.url(), CertificateAuthorityData: authority}
	config.AuthInfos[name] = &api.AuthInfo{Token: token}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Clients reach a cluster: by Go type, or by what a manifest says it is.
type Clients struct {
	Typed   kubernetes.Interface
	Dynamic dynamic.Interface
}

// Connect makes the administrator's clients.
func (c Cluster) Connect() (Clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return Clients{}, err
	}
	config.QPS, config.Burst = clientQPS, clientQPS
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return Clients{}, err
	}
	byManifest, err := dynamic.NewForConfig(config)
	if err != nil {
		return Clients{}, err
	}
	return Clients{Typed: typed, Dynamic: byManifest}, nil
}
