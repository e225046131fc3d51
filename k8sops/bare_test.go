package k8sops_test

import (
	"context"
	"encoding/pem"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// bare is a client of Kubernetes without anything of ours.
func (s *apiServer) bare() kubernetes.Interface {
	s.t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: s.server.URL, BearerToken: token, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: ca},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// bareCalls makes the calls of an explanation of a failing pull, in the same rounds, and thinks nothing.
func bareCalls(ctx context.Context, c kubernetes.Interface) error {
	if _, err := c.AppsV1().Deployments("rt").Get(ctx, "gitea", metav1.GetOptions{}); err != nil {
		return err
	}
	gitea := metav1.ListOptions{LabelSelector: "app=gitea"}
	events := metav1.ListOptions{FieldSelector: "involvedObject.uid=uid-of-gitea-2-a"}
	rounds := [][]func(context.Context) error{
		{
			func(ctx context.Context) error { _, err := c.CoreV1().Pods("rt").List(ctx, gitea); return err },
			func(ctx context.Context) error { _, err := c.AppsV1().ReplicaSets("rt").List(ctx, gitea); return err },
		}, {
			func(ctx context.Context) error { _, err := c.CoreV1().Events("rt").List(ctx, events); return err },
			func(ctx context.Context) error {
				_, err := c.CoreV1().ServiceAccounts("rt").Get(ctx, "default", metav1.GetOptions{})
				return err
			},
			func(ctx context.Context) error {
				_, err := c.CoreV1().Secrets("rt").Get(ctx, pullSecret, metav1.GetOptions{})
				return err
			},
			func(ctx context.Context) error {
				_, err := c.CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{})
				return err
			},
		},
	}
	for _, calls := range rounds {
		round, ctx := errgroup.WithContext(ctx)
		for _, call := range calls {
			round.Go(func() error { return call(ctx) })
		}
		if err := round.Wait(); err != nil {
			return err
		}
	}
	return nil
}
