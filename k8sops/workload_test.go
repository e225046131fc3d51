package k8sops_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"rtbot/k8sops"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAWorkloadIsReadAsItIs(t *testing.T) {
	t.Parallel()
	c := counts{generation: 3, observed: 2, desired: 5, current: 4, updated: 3, ready: 2, available: 1}
	cluster := newServer(t, deployed(c), stateful(c), daemon(c)).cluster("rt")
	for _, o := range []k8sops.Object{deployment, statefulSet, daemonSet} {
		t.Run(o.Kind, func(t *testing.T) {
			t.Parallel()
			want := k8sops.Workload{
				Object: o, Generation: 3, Observed: 2, Desired: 5, Current: 4, Updated: 3, Ready: 2, Available: 1,
				Images: []string{"gitea/gitea:1.22"},
			}
			if o.Kind == "DaemonSet" {
				want.Current = 5
			}
			got, err := cluster.Workload(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(k8sops.Workload{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWorkloadWithoutANumberHasOnePod(t *testing.T) {
	t.Parallel()
	d, s := deployed(all(1, 1)), stateful(all(1, 1))
	d.Spec.Replicas, s.Spec.Replicas = nil, nil
	cluster := newServer(t, d, s).cluster("rt")
	for _, o := range []k8sops.Object{deployment, statefulSet} {
		if got, err := cluster.Workload(t.Context(), o); err != nil || got.Desired != 1 {
			t.Errorf("a %s: got %d and %v, want 1", o.Kind, got.Desired, err)
		}
	}
}

func TestTheWorkloadsOfTheNamespacesAreListedInOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, ns := range []string{"a", "b", "other"} {
		d, st, ds := deployed(all(1, 1)), stateful(all(1, 1)), daemon(all(1, 1))
		d.Namespace, st.Namespace, ds.Namespace = ns, ns, ns
		second := d.DeepCopy()
		second.Name = "runner"
		s.put(ds, st, d, second)
	}
	tests := map[string]struct {
		namespaces, want []string
	}{
		"of no namespace": {},
		"of an empty one": {namespaces: []string{"empty"}},
		"of two": {
			namespaces: []string{"b", "a"},
			want: []string{
				"b/Deployment/gitea", "b/Deployment/runner", "b/StatefulSet/gitea", "b/DaemonSet/gitea",
				"a/Deployment/gitea", "a/Deployment/runner", "a/StatefulSet/gitea", "a/DaemonSet/gitea",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			workloads, err := s.cluster(test.namespaces...).Workloads(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range workloads {
				w := &workloads[i]
				got = append(got, fmt.Sprintf("%s/%s/%s", w.Namespace, w.Kind, w.Name))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
