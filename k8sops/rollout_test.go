package k8sops_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// follower reads the states of a rollout, one after the other.
type follower struct {
	t    *testing.T
	next func() (k8sops.Rollout, error, bool)
}

func follow(t *testing.T, c *k8sops.Cluster, o k8sops.Object) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	next, stop := iter.Pull2(c.Rollout(ctx, o))
	t.Cleanup(func() {
		stop()
		cancel()
	})
	return &follower{t, next}
}

// until reads up to the first state that is wanted, and takes no error on the way.
func (f *follower) until(what string, wanted func(k8sops.Rollout) bool) k8sops.Rollout {
	f.t.Helper()
	for {
		r, err, more := f.next()
		switch {
		case !more:
			f.t.Fatalf("the rollout ends before it is %s", what)
		case err != nil:
			f.t.Fatalf("before it is %s: %v", what, err)
		case wanted(r):
			return r
		}
	}
}

func complete(r k8sops.Rollout) bool { return r.Complete }
func failed(r k8sops.Rollout) bool   { return r.Failure != nil }
func anything(k8sops.Rollout) bool   { return true }

// kinds make a workload of each kind.
var kinds = map[k8sops.Object]func(counts) object{
	deployment:  func(c counts) object { return deployed(c) },
	statefulSet: func(c counts) object { return stateful(c) },
	daemonSet:   func(c counts) object { return daemon(c) },
}

func TestARolloutIsFollowedUntilItIsComplete(t *testing.T) {
	t.Parallel()
	for o, with := range kinds {
		t.Run(o.Kind, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, with(all(1, 1)), replicaSet("gitea-2", "2"))
			f := follow(t, s.cluster("rt"), o)
			want := k8sops.Rollout{Generation: 1, Desired: 1, Updated: 1, Ready: 1, Complete: true}
			if diff := cmp.Diff(want, f.until("seen", anything)); diff != "" {
				t.Errorf("before (-want +got):\n%s", diff)
			}
			if got := s.open(); got != 2 {
				t.Errorf("got %d watches, want 2", got)
			}
			steps := []counts{
				{generation: 2, observed: 1, desired: 3, current: 1, updated: 1, ready: 1, available: 1},
				{generation: 2, observed: 2, desired: 3, current: 3, updated: 3, ready: 1, available: 1},
				{generation: 2, observed: 2, desired: 3, current: 3, updated: 3, ready: 3, available: 2},
				all(2, 3),
			}
			for i, c := range steps {
				s.put(with(c))
				want := k8sops.Rollout{Generation: 2, Desired: c.desired, Updated: c.updated, Ready: c.ready, Complete: i == 3}
				if diff := cmp.Diff(want, f.until("a step on", anything)); diff != "" {
					t.Errorf("step %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func TestAWorkloadIsNotRolledOutTooEarly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		counts counts
		also   []k8sops.Object
	}{
		"the status is of an earlier generation": {counts{2, 1, 2, 2, 2, 2, 2}, nil},
		"a pod is of the earlier template":       {counts{2, 2, 2, 2, 1, 2, 2}, nil},
		"a pod is not ready":                     {counts{2, 2, 2, 2, 2, 1, 2}, nil},
		"a pod is not available":                 {counts{2, 2, 2, 2, 2, 2, 1}, nil},
		"a pod that is too many still runs":      {counts{2, 2, 2, 3, 2, 2, 2}, []k8sops.Object{deployment, statefulSet}},
		"a pod is missing":                       {counts{2, 2, 2, 1, 2, 2, 2}, []k8sops.Object{deployment, statefulSet}},
	}
	for name, test := range tests {
		of := test.also
		if of == nil {
			of = []k8sops.Object{deployment, statefulSet, daemonSet}
		}
		for _, o := range of {
			t.Run(name+" of a "+o.Kind, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, kinds[o](test.counts))
				if got := follow(t, s.cluster("rt"), o).until("seen", anything); got.Complete || got.Failure != nil {
					t.Errorf("got %+v, want neither complete nor failed", got)
				}
			})
		}
	}
}

func TestAPartitionOfAStatefulSetIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		partition, updated int32
		want               bool
	}{
		"all above it are updated":     {2, 1, true},
		"one above it is not":          {1, 1, false},
		"it is more than all the pods": {9, 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := stateful(counts{2, 2, 3, 3, test.updated, 3, 3})
			st.Spec.UpdateStrategy.RollingUpdate = partitioned(test.partition)
			s := newServer(t, st)
			if got := follow(t, s.cluster("rt"), statefulSet).until("seen", anything); got.Complete != test.want {
				t.Errorf("got %t, want %t", got.Complete, test.want)
			}
		})
	}
}

func TestAWatchThatEndsIsOpenedAgain(t *testing.T) {
	t.Parallel()
	gone := problem(http.StatusGone, metav1.StatusReasonExpired)
	fault := problem(http.StatusInternalServerError, metav1.StatusReasonInternalError)
	tests := map[string]struct {
		end  func(*apiServer)
		want error
	}{
		"the server closes it":      {func(s *apiServer) { s.endWatches(nil) }, nil},
		"its version is too old":    {func(s *apiServer) { s.endWatches(gone) }, nil},
		"the server has a fault":    {func(s *apiServer) { s.endWatches(fault) }, k8sops.ErrUnreachable},
		"the connection breaks off": {(*apiServer).abort, k8sops.ErrUnreachable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(counts{1, 1, 2, 2, 2, 1, 1}), replicaSet("gitea-2", "2"))
			f := follow(t, s.cluster("rt"), deployment)
			f.until("seen", anything)
			test.end(s)
			s.put(deployed(all(1, 2)))
			if test.want != nil {
				if _, err, _ := f.next(); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
			f.until("complete", complete)
			if got := s.open(); got != 2 {
				t.Errorf("got %d open watches, want 2", got)
			}
		})
	}
}

func TestAClusterThatComesBackIsFollowedOn(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 2)))
	s.refuse(inRT("deployments/gitea"), problem(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable))
	f := follow(t, s.cluster("rt"), deployment)
	if _, err, _ := f.next(); !errors.Is(err, k8sops.ErrUnreachable) {
		t.Errorf("got %v, want that it is not reachable", err)
	}
	s.refuse(inRT("deployments/gitea"), nil)
	f.until("complete", complete)
}

func TestAWorkloadThatIsDeletedIsNotShown(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 1)))
	f := follow(t, s.cluster("rt"), deployment)
	f.until("seen", anything)
	s.remove(deployed(all(1, 1)))
	s.put(deployed(all(7, 2)))
	if got := f.until("seen", anything); got.Generation != 7 {
		t.Errorf("got generation %d, want that of the one which is made after it", got.Generation)
	}
}

// What is unread when the caller leaves must not keep a goroutine, so the test is not parallel to others.
func TestARolloutThatIsLeftLeaksNothing(t *testing.T) {
	tests := map[string]func(*testing.T, *apiServer, *k8sops.Cluster){
		"the caller stops": func(_ *testing.T, _ *apiServer, c *k8sops.Cluster) {
			for range c.Rollout(t.Context(), deployment) {
				break
			}
		},
		"the context ends": func(t *testing.T, _ *apiServer, c *k8sops.Cluster) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for _, err := range c.Rollout(ctx, deployment) {
				if err != nil {
					t.Error(err)
				}
				cancel()
			}
		},
		"the pods' watch is refused": func(_ *testing.T, s *apiServer, c *k8sops.Cluster) {
			s.refuse("/api/v1/namespaces/rt/pods", problem(http.StatusForbidden, metav1.StatusReasonForbidden))
			for range c.Rollout(t.Context(), deployment) {
				break
			}
		},
		"one watch of two ends": func(_ *testing.T, s *apiServer, c *k8sops.Cluster) {
			for range c.Rollout(t.Context(), deployment) {
				if s.requests("/api/v1/namespaces/rt/pods") > 1 {
					break
				}
				s.endWatches(nil)
			}
		},
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, deployed(all(1, 9)), replicaSet("gitea-2", "2"))
			for _, name := range []string{"a", "b", "c", "d"} {
				s.put(podOf("ReplicaSet", "gitea-2", name))
			}
			cluster := s.cluster("rt")
			if err := cluster.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			before := goleak.IgnoreCurrent()
			leave(t, s, cluster)
			goleak.VerifyNone(t, before)
			if got := s.open(); got != 0 {
				t.Errorf("got %d open watches, want none", got)
			}
		})
	}
}
