package k8sops_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
)

// canary is the password in the pull secret: it may be seen nowhere.
const canary = "canary-7f3a"

// pulling is a pod of gitea whose image does not come, with the secrets that it names.
func pulling(name string, secrets ...string) *corev1.Pod {
	p := podOf("ReplicaSet", "gitea-2", name)
	p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = "2"
	p.Spec.NodeName, p.Spec.ServiceAccountName = "node-1", "default"
	p.Spec.Containers[0].Image = "team/gitea:1.22"
	for _, s := range secrets {
		p.Spec.ImagePullSecrets = append(p.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: s})
	}
	p.Status = waitingFor("ImagePullBackOff", `Back-off pulling image "team/gitea:1.22"`)
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
	return p
}

// said is an event about an object.
func said(about types.UID, reason, message string) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "rt", Name: fmt.Sprintf("%s.%s.%d", about, strings.ToLower(reason), len(message))},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "rt", UID: about}, Reason: reason, Message: message,
		Type: corev1.EventTypeWarning, Count: 2, FirstTimestamp: metav1.NewTime(noon), LastTimestamp: metav1.NewTime(noon.Add(9 * time.Minute)),
		Source: corev1.EventSource{Component: "kubelet"},
	}
}

const (
	refusedPull = `Failed to pull image "team/gitea:1.22": failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized`
	deniedPull  = `Failed to pull image "team/gitea:1.22": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`
)

func dockerSecret(namespace string, kind corev1.SecretType) *corev1.Secret {
	auth := base64.StdEncoding.EncodeToString([]byte("team:" + canary))
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: pullSecret, CreationTimestamp: metav1.NewTime(noon.Add(-time.Hour))}, Type: kind,
		Data: map[string][]byte{corev1.DockerConfigJsonKey: []byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"` + auth + `"}}}`)},
	}
}

func account(patched bool) *corev1.ServiceAccount {
	a := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "rt", Name: "default"}}
	if patched {
		a.ImagePullSecrets = []corev1.LocalObjectReference{{Name: pullSecret}}
	}
	return a
}

func readyNode() *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-1"},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

// world is gitea with one pod whose pull is refused, and all that is around it.
func world(also ...object) []object {
	return append([]object{
		deployed(counts{1, 1, 1, 1, 1, 0, 0}), replicaSet("gitea-2", "2"), account(true), readyNode(),
		dockerSecret("rt", corev1.SecretTypeDockerConfigJson),
	}, also...)
}

func TestAnAppIsExplained(t *testing.T) {
	t.Parallel()
	crashed := podOf("ReplicaSet", "gitea-2", "gitea-2-a")
	crashed.Spec.NodeName = "node-1"
	crashed.Status = waitingFor("CrashLoopBackOff", "back-off")
	crashed.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 3, Reason: "Error"}
	pending := podOf("ReplicaSet", "gitea-2", "gitea-2-a")
	pending.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "gitea-data"},
	}}}
	pending.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
	}}}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "rt", Name: "gitea-data"}, Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	healthy := podOf("ReplicaSet", "gitea-2", "gitea-2-a")
	healthy.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	tests := map[string]struct {
		objects []object
		want    []string
	}{
		"credentials that are refused": {
			world(pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", refusedPull)), []string{"BAD_CREDS wrong-token"},
		},
		"a pod made before the account was patched": {
			world(pulling("gitea-2-a"), said("uid-of-gitea-2-a", "Failed", deniedPull)), []string{"DENIED_OR_MISSING sa-not-patched"},
		},
		"a secret that is not there": {
			[]object{deployed(counts{1, 1, 1, 1, 1, 0, 0}), pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", deniedPull)},
			[]string{"DENIED_OR_MISSING no-secret"},
		},
		"a secret in the other namespace": {
			[]object{
				deployed(counts{1, 1, 1, 1, 1, 0, 0}), pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", deniedPull),
				dockerSecret("ci", corev1.SecretTypeDockerConfigJson),
			}, []string{"DENIED_OR_MISSING wrong-namespace"},
		},
		"events of a former pod of that name": {
			world(pulling("gitea-2-a", pullSecret), said("another-uid", "Failed", refusedPull)), []string{"HIDDEN unknown-pull"},
		},
		"a container that ends":         {world(crashed), []string{"CRASH_LOOP crash-loop"}},
		"a claim without a volume":      {world(pending, claim), []string{"VOLUME_UNBOUND unbound-volume"}},
		"all is well":                   {world(healthy), nil},
		"no pod, and a quota is why":    {world(quotaEvent()), []string{"QUOTA_EXCEEDED quota"}},
		"no pod, and nobody knows why":  {world(), nil},
		"one of two pods is in trouble": {world(healthy, pulling("gitea-2-b", pullSecret), said("uid-of-gitea-2-b", "Failed", refusedPull)), []string{"BAD_CREDS wrong-token"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, test.objects...)
			got, err := s.cluster("rt").ExplainApp(t.Context(), deployment)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, codes(got.Findings)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if calls := s.calls(); calls > 8 {
				t.Errorf("it costs %d calls", calls)
			}
		})
	}
}

func quotaEvent() *corev1.Event {
	e := said("uid-of-gitea-2", "FailedCreate", `Error creating: pods "gitea-2-a" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10`)
	e.InvolvedObject.Kind = "ReplicaSet"
	return e
}

func codes(found []diagnose.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, string(f.Code)+" "+string(f.Reason))
	}
	return all
}

// calls counts all that was asked of the API server.
func (s *apiServer) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requested)
}

func TestAPodIsExplainedInTwoRounds(t *testing.T) {
	t.Parallel()
	s := newServer(t, world(pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", refusedPull))...)
	got, err := s.cluster("rt").ExplainName(t.Context(), "", "gitea-2-a")
	if err != nil {
		t.Fatal(err)
	}
	if got.App != "gitea" || got.Namespace != "rt" || got.Pod != "gitea-2-a" || s.calls() > 8 {
		t.Errorf("got %s %s/%s in %d calls", got.App, got.Namespace, got.Pod, s.calls())
	}
	if diff := cmp.Diff([]string{"BAD_CREDS wrong-token"}, codes(got.Findings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAWorkloadThatNobodyTracksIsExplained(t *testing.T) {
	t.Parallel()
	tests := map[string][]object{
		"a Deployment":  world(pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", refusedPull)),
		"a StatefulSet": {stateful(counts{1, 1, 1, 1, 1, 0, 0}), pulling("gitea-0", pullSecret), said("uid-of-gitea-0", "Failed", refusedPull)},
		"a DaemonSet":   {daemon(counts{1, 1, 1, 1, 1, 0, 0}), pulling("gitea-x", pullSecret), said("uid-of-gitea-x", "Failed", refusedPull)},
	}
	for name, objects := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, objects...)
			got, err := s.cluster("rt").ExplainName(t.Context(), "", "gitea")
			if err != nil {
				t.Fatal(err)
			}
			if found := codes(got.Findings); got.App != "gitea" || got.Namespace != "rt" || len(found) == 0 || !strings.HasPrefix(found[0], "BAD_CREDS") && name == "a Deployment" {
				t.Errorf("got %s/%s with %v", got.Namespace, got.App, found)
			}
			if name == "a Deployment" && s.calls() > 8 {
				t.Errorf("it costs %d calls", s.calls())
			}
		})
	}
}

func TestWhatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	s := newServer(t, world(pulling("gitea-2-a", pullSecret, "another"), said("uid-of-gitea-2-a", "Failed", refusedPull))...)
	for _, path := range []string{"/api/v1/nodes/node-1", "/api/v1/namespaces/rt/secrets/" + pullSecret} {
		s.refuse(path, problem(http.StatusForbidden, metav1.StatusReasonForbidden))
	}
	got, err := s.cluster("rt").ExplainApp(t.Context(), deployment)
	if err != nil {
		t.Fatal(err)
	}
	want := []diagnose.Unread{{What: "node", Why: "forbidden"}, {What: "secret another", Why: "not-listed"}, {What: "secret " + pullSecret, Why: "forbidden"}}
	if diff := cmp.Diff(want, got.Unread); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.requests("/api/v1/namespaces/rt/secrets/another") > 0 {
		t.Error("a secret was read that may not be")
	}
}

func TestTheSharedTroubleIsCounted(t *testing.T) {
	t.Parallel()
	s := newServer(t, world(pulling("gitea-2-a"), pulling("gitea-2-b"), pulling("gitea-2-c"))...)
	got, err := s.cluster("rt").ExplainApp(t.Context(), deployment)
	if err != nil || got.Pods != 3 || got.Sharing != 3 {
		t.Errorf("got %d of %d, %v", got.Sharing, got.Pods, err)
	}
}

func TestNobodyIsExplained(t *testing.T) {
	t.Parallel()
	c := newServer(t).cluster("rt")
	if _, err := c.ExplainApp(t.Context(), deployment); !errors.Is(err, k8sops.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := c.ExplainName(t.Context(), "", "gitea-0"); !errors.Is(err, k8sops.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// The whole answer, beside the very same calls made bare, in the same rounds.
func BenchmarkWhy(b *testing.B) {
	s := newServer(b, world(pulling("gitea-2-a", pullSecret), said("uid-of-gitea-2-a", "Failed", refusedPull))...)
	c := s.cluster("rt")
	b.Run("why", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.ExplainApp(b.Context(), deployment); err != nil {
				b.Fatal(err)
			}
		}
	})
	bare := s.bare()
	b.Run("the same calls, bare", func(b *testing.B) {
		for b.Loop() {
			if err := bareCalls(b.Context(), bare); err != nil {
				b.Fatal(err)
			}
		}
	})
}
