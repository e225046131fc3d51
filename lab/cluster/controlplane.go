package cluster

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"golang.org/x/sync/errgroup"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"

	"rtbot/lab/part"
)

// etcdPatience is how long etcd may take to answer.
const etcdPatience = 30 * time.Second

// Serve runs etcd, the API server, the controller manager and the scheduler until one of them ends. They share this
// process: the API server is ready in half the time and they all need half the memory. It can be called once.
func (c Cluster) Serve(ctx context.Context) error {
	clients, err := c.Connect()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	store, err := c.startEtcd(ctx)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	defer store.Close()
	serveAPI, err := c.apiserver(ctx, "http://"+store.Clients[0].Addr().String())
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	group.Go(func() error { return serveAPI(ctx) })
	group.Go(func() error {
		if err := part.Until(ctx, clients.Ready); err != nil {
			return fmt.Errorf("kube-apiserver: %w", err)
		}
		group.Go(func() error { return c.control(ctx) })
		return c.schedule(ctx)
	})
	group.Go(func() error {
		select {
		case err := <-store.Err():
			return fmt.Errorf("etcd: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return group.Wait()
}

// startEtcd waits until etcd answers, on a port that the kernel chooses.
func (c Cluster) startEtcd(ctx context.Context) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = c.etcd()
	config.LogLevel = "warn"
	config.UnsafeNoFsync = true // a lab starts empty each time
	anyPort := url.URL{Scheme: "http", Host: part.Address(0)}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{anyPort}, []url.URL{anyPort}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, etcdPatience)
	defer cancel()
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case err = <-store.Err():
	case <-ctx.Done():
		err = ctx.Err()
	}
	store.Close()
	return nil, err
}

// apiserver gives what serves the API. The feature gates and the log that it sets are those of the whole process.
func (c Cluster) apiserver(ctx context.Context, etcd string) (func(context.Context) error, error) {
	options := apiserveroptions.NewServerRunOptions()
	if err := parse(options.Flags(), c.apiserverFlags(etcd)); err != nil {
		return nil, err
	}
	if err := options.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	if err := logsapi.ValidateAndApply(options.Logs, utilfeature.DefaultFeatureGate); err != nil {
		return nil, err
	}
	completed, err := options.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if wrong := completed.Validate(); len(wrong) > 0 {
		return nil, utilerrors.NewAggregate(wrong)
	}
	return func(ctx context.Context) error { return apiserver.Run(ctx, completed) }, nil
}

func (c Cluster) apiserverFlags(etcd string) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=" + loopback, "--advertise-address=" + loopback, fmt.Sprintf("--secure-port=%d", c.port),
		"--endpoint-reconciler-type=none", // a Service may not point at the loopback address
		"--tls-cert-file=" + c.serverCert(), "--tls-private-key-file=" + c.serverKey(),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.accountKey(), "--service-account-signing-key-file=" + c.accountKey(),
		"--token-auth-file=" + c.tokens(), "--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.96.0.0/16",
	}
}

// control runs the controllers.
func (c Cluster) control(ctx context.Context) error {
	options, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	all, disabled, aliases := controllers.KnownControllers(), controllers.ControllersDisabledByDefault(), controllers.ControllerAliases()
	flags := options.Flags(all, disabled, aliases)
	options.ParsedFlags = &flags
	if err := parse(flags, append(c.clientFlags(),
		"--service-account-private-key-file="+c.accountKey(), "--root-ca-file="+c.serverCert(),
		"--controllers=*,-nodeipam,-cloud-node-lifecycle,-ttl,-bootstrapsigner,-tokencleaner",
	)); err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	config, err := options.Config(all, disabled, aliases)
	if err != nil {
		return fmt.Errorf("kube-controller-manager: %w", err)
	}
	return controllers.Run(ctx, config.Complete())
}

// schedule runs the scheduler.
func (c Cluster) schedule(ctx context.Context) error {
	options := scheduleroptions.NewOptions()
	if err := parse(*options.Flags, c.clientFlags()); err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	config, sched, err := scheduler.Setup(ctx, options)
	if err != nil {
		return fmt.Errorf("kube-scheduler: %w", err)
	}
	return scheduler.Run(ctx, config, sched)
}

// clientFlags are those of the programs that only talk to the API server. At the default rate a controller makes 20
// pods a second.
func (c Cluster) clientFlags() []string {
	return []string{
		"--kubeconfig=" + c.Kubeconfig(), "--bind-address=" + loopback, "--secure-port=0", "--leader-elect=false",
		"--kube-api-qps=200", "--kube-api-burst=400",
	}
}

// parse reads flags into the options that the sets belong to.
func parse(sets cliflag.NamedFlagSets, args []string) error {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	return flags.Parse(args)
}
