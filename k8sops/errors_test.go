package k8sops_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops"
)

// calls are all that the package asks a cluster, each with a path that it asks.
var calls = map[string]struct {
	path string
	do   func(context.Context, *k8sops.Cluster) error
}{
	"a question whether it is ready": {"/version", func(ctx context.Context, c *k8sops.Cluster) error { return c.Ready(ctx) }},
	"a look at its version":          {"/version", check},
	"a review of rights":             {reviews, check},
	"a read of a Deployment":         {inRT("deployments/gitea"), read(deployment)},
	"a read of a StatefulSet":        {inRT("statefulsets/gitea"), read(statefulSet)},
	"a read of a DaemonSet":          {inRT("daemonsets/gitea"), read(daemonSet)},
	"a list of Deployments":          {inRT("deployments"), list},
	"a list of StatefulSets":         {inRT("statefulsets"), list},
	"a list of DaemonSets":           {inRT("daemonsets"), list},
	"a preflight without workload":   {inRT("deployments/gitea"), preflight},
	"a preflight without scalers":    {"/apis/autoscaling/v2/namespaces/rt/horizontalpodautoscalers", preflight},
	"a preflight without ranges":     {"/api/v1/namespaces/rt/limitranges", preflight},
	"a preflight without budgets":    {"/apis/policy/v1/namespaces/rt/poddisruptionbudgets", preflight},
	"a preflight without quotas":     {"/api/v1/namespaces/rt/resourcequotas", preflight},
	"a preflight without an index":   {"/openapi/v3", preflight},
	"a preflight without a schema":   {"/openapi/v3/apis/apps/v1", preflight},
	"a watch of a Deployment":        {inRT("deployments"), watch(deployment)},
	"a watch of a StatefulSet":       {inRT("statefulsets"), watch(statefulSet)},
	"a watch of a DaemonSet":         {inRT("daemonsets"), watch(daemonSet)},
	"a watch of pods":                {"/api/v1/namespaces/rt/pods", watch(deployment)},
	"a watch without ReplicaSets":    {inRT("replicasets"), watch(deployment)},
}

func inRT(what string) string { return "/apis/apps/v1/namespaces/rt/" + what }

func check(ctx context.Context, c *k8sops.Cluster) error {
	_, err := c.Check(ctx)
	return err
}

func list(ctx context.Context, c *k8sops.Cluster) error {
	_, err := c.Workloads(ctx)
	return err
}

func preflight(ctx context.Context, c *k8sops.Cluster) error {
	_, err := c.Preflight(ctx, k8sops.Proposal{Object: deployment, Manifest: []byte(manifest)})
	return err
}

func read(o k8sops.Object) func(context.Context, *k8sops.Cluster) error {
	return func(ctx context.Context, c *k8sops.Cluster) error {
		_, err := c.Workload(ctx, o)
		return err
	}
}

// watch gives the first error of a watch.
func watch(o k8sops.Object) func(context.Context, *k8sops.Cluster) error {
	return func(ctx context.Context, c *k8sops.Cluster) error {
		for _, err := range c.Rollout(ctx, o) {
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func TestWhatTheClusterRefusesIsToldApart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status *metav1.Status
		want   error
	}{
		"forbidden":    {problem(http.StatusForbidden, metav1.StatusReasonForbidden), k8sops.ErrForbidden},
		"unauthorized": {problem(http.StatusUnauthorized, metav1.StatusReasonUnauthorized), k8sops.ErrForbidden},
		"not found":    {problem(http.StatusNotFound, metav1.StatusReasonNotFound), k8sops.ErrNotFound},
		"a fault":      {problem(http.StatusInternalServerError, metav1.StatusReasonInternalError), k8sops.ErrUnreachable},
		"not now":      {problem(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable), k8sops.ErrUnreachable},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(all(1, 1)), stateful(all(1, 1)), daemon(all(1, 1)))
			cluster := s.cluster("rt")
			for name, test := range tests {
				s.refuse(call.path, test.status)
				isOnly(t, name, call.do(t.Context(), cluster), test.want)
			}
		})
	}
}

// isOnly fails where an error is not what is wanted, or is something else as well.
func isOnly(t *testing.T, name string, err, want error) {
	t.Helper()
	for _, kind := range []error{k8sops.ErrForbidden, k8sops.ErrNotFound, k8sops.ErrUnreachable} {
		if got := errors.Is(err, kind); got != errors.Is(want, kind) {
			t.Errorf("%s: errors.Is(%v, %v) is %t", name, err, kind, got)
		}
	}
}

func TestAClusterThatIsGoneIsUnreachable(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	cluster := s.cluster("rt")
	s.stop()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			isOnly(t, name, call.do(t.Context(), cluster), k8sops.ErrUnreachable)
		})
	}
}

func TestACallThatIsGivenUpIsNoFaultOfTheCluster(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 1)))
	cluster := s.cluster("rt")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"a read of a Deployment", "a list of Deployments", "a review of rights", "a preflight without quotas"} {
		err := calls[name].do(ctx, cluster)
		isOnly(t, name, err, context.Canceled)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want that it was canceled", name, err)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	cluster := newServer(t).cluster("rt")
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob", ""} {
		o := k8sops.Object{Kind: kind, Namespace: "rt", Name: "gitea"}
		isOnly(t, kind, read(o)(t.Context(), cluster), k8sops.ErrNotFound)
		isOnly(t, kind, watch(o)(t.Context(), cluster), k8sops.ErrNotFound)
	}
}

func TestAClusterThatAnswersIsReady(t *testing.T) {
	t.Parallel()
	if err := newServer(t).cluster("rt").Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAKubeconfigThatCannotBeReadIsAnError(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for name, file := range map[string]string{"no file": "testdata/none", "not a kubeconfig": "testdata/apps-v1.json", "not in a cluster": ""} {
		_, err := k8sops.New(k8sops.Config{Kubeconfig: file})
		if err == nil || !strings.HasPrefix(err.Error(), "read kubeconfig: ") {
			t.Errorf("%s: got %v, want that the kubeconfig cannot be read", name, err)
		}
	}
}
