package k8sops_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops"
)

// stuck are counts of a workload one of whose two pods does not start.
var stuck = counts{2, 2, 2, 2, 1, 1, 1}

// What the kubelet says of a container that waits is one code each, and what it says.
func TestAContainerThatCannotStartIsAFailureAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]k8sops.FailureCode{
		"ErrImagePull":               k8sops.PullFails,
		"ImagePullBackOff":           k8sops.PullFails,
		"InvalidImageName":           k8sops.PullFails,
		"ErrImageNeverPull":          k8sops.PullFails,
		"ImageInspectError":          k8sops.PullFails,
		"RegistryUnavailable":        k8sops.PullFails,
		"CrashLoopBackOff":           k8sops.Crashes,
		"RunContainerError":          k8sops.Crashes,
		"StartError":                 k8sops.Crashes,
		"CreateContainerConfigError": k8sops.ConfigMissing,
		"CreateContainerError":       k8sops.ConfigMissing,
	}
	for reason, code := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(stuck), replicaSet("gitea-2", "2"))
			f := follow(t, s.cluster("rt"), deployment)
			f.until("seen", anything)
			pod := podOf("ReplicaSet", "gitea-2", "gitea-2-a")
			pod.Status = waitingFor("ContainerCreating", "")
			s.put(pod)
			if got := f.until("a step on", anything); got.Failure != nil {
				t.Errorf("a container that is made is a failure: %+v", got.Failure)
			}
			pod.Status = waitingFor(reason, "the kubelet says why")
			s.put(pod)
			want := k8sops.Rollout{
				Generation: 2, Desired: 2, Updated: 1, Ready: 1,
				Failure: &k8sops.Failure{Code: code, Pod: "gitea-2-a", Container: "gitea", Reason: reason, Message: "the kubelet says why"},
			}
			if diff := cmp.Diff(want, f.until("failed", failed)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnInitContainerAndAPodWithoutANodeAreFailures(t *testing.T) {
	t.Parallel()
	unschedulable := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
		Message: "0/3 nodes are available: 3 Insufficient cpu.",
	}
	initializing := waitingFor("PodInitializing", "")
	initializing.InitContainerStatuses = waitingFor("CrashLoopBackOff", "back-off 10s").ContainerStatuses
	initializing.InitContainerStatuses[0].Name = "migrate"
	tests := map[string]struct {
		status corev1.PodStatus
		want   k8sops.Failure
	}{
		"no node takes it": {
			corev1.PodStatus{Conditions: []corev1.PodCondition{unschedulable}},
			k8sops.Failure{Code: k8sops.NoRoom, Pod: "gitea-0", Reason: "Unschedulable", Message: unschedulable.Message},
		},
		"an init container crashes": {
			initializing,
			k8sops.Failure{Code: k8sops.Crashes, Pod: "gitea-0", Container: "migrate", Reason: "CrashLoopBackOff", Message: "back-off 10s"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf("ReplicaSet", "gitea-2", "gitea-0")
			pod.Status = test.status
			s := newServer(t, deployed(stuck), replicaSet("gitea-2", "2"), pod)
			got := follow(t, s.cluster("rt"), deployment).until("failed", failed)
			if diff := cmp.Diff(&test.want, got.Failure); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatTheDeploymentSaysOfItselfIsAFailure(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		condition appsv1.DeploymentCondition
		counts    counts
		want      *k8sops.Failure
	}{
		"a quota refuses its pods": {
			appsv1.DeploymentCondition{
				Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota: rt",
			},
			stuck,
			&k8sops.Failure{Code: k8sops.NotMade, Reason: "ReplicaFailure", Message: "exceeded quota: rt"},
		},
		"a quota refused its pods before": {
			appsv1.DeploymentCondition{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionFalse, Message: "it is over"}, stuck, nil,
		},
		"it takes longer than it may": {
			appsv1.DeploymentCondition{
				Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded", Message: "has timed out",
			},
			stuck,
			&k8sops.Failure{Code: k8sops.TooLate, Reason: "ProgressDeadlineExceeded", Message: "has timed out"},
		},
		"it goes on": {
			appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "ReplicaSetUpdated"}, stuck, nil,
		},
		"the earlier manifest took too long": {
			appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded", Message: "has timed out"},
			counts{2, 1, 2, 2, 1, 1, 1},
			nil,
		},
		"it took too long and is there now": {
			appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Reason: "ProgressDeadlineExceeded", Message: "has timed out"},
			all(2, 2), nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, deployed(test.counts, test.condition), replicaSet("gitea-2", "2"))
			got := follow(t, s.cluster("rt"), deployment).until("seen", anything)
			if diff := cmp.Diff(test.want, got.Failure); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// strangers are pods that fail and are not of the newest revision, of each kind of workload.
func strangers(kind string) []*corev1.Pod {
	leaving := podOf(kind, "gitea", "leaving")
	leaving.Labels = revisionLabels("gitea-2", "2")
	if kind == "Deployment" {
		leaving = podOf("ReplicaSet", "gitea-2", "leaving")
	}
	now := metav1.NewTime(noon)
	leaving.DeletionTimestamp, leaving.Finalizers = &now, []string{"a"}
	old := podOf(kind, "gitea", "old")
	old.Labels = revisionLabels("gitea-1", "1")
	if kind == "Deployment" {
		old = podOf("ReplicaSet", "gitea-1", "old")
	}
	orphan := podOf(kind, "gitea", "orphan")
	orphan.OwnerReferences = nil
	other := podOf(kind, "other", "other")
	other.Labels = revisionLabels("gitea-2", "2")
	return []*corev1.Pod{leaving, old, orphan, other}
}

func revisionLabels(revision, generation string) map[string]string {
	return map[string]string{"app": "gitea", "controller-revision-hash": revision, "pod-template-generation": generation}
}

func TestAPodOfAnotherRevisionIsNotTakenForTheNewest(t *testing.T) {
	t.Parallel()
	newest := map[k8sops.Object]string{deployment: "ReplicaSet", statefulSet: "StatefulSet", daemonSet: "DaemonSet"}
	for o, kind := range newest {
		t.Run(o.Kind, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, kinds[o](stuck), replicaSet("gitea-1", "1"), replicaSet("gitea-2", "2"))
			f := follow(t, s.cluster("rt"), o)
			f.until("seen", anything)
			for _, p := range strangers(o.Kind) {
				p.CreationTimestamp = metav1.NewTime(noon.Add(time.Hour))
				p.Status = waitingFor("CrashLoopBackOff", "")
				s.put(p)
				if got := f.until("a step on", anything); got.Failure != nil {
					t.Errorf("the pod %s is taken for one of the newest: %+v", p.Name, got.Failure)
				}
			}
			owner := map[string]string{"ReplicaSet": "gitea-2"}[kind]
			if owner == "" {
				owner = "gitea"
			}
			pod := podOf(kind, owner, "newest")
			pod.Labels = revisionLabels("gitea-2", "2")
			pod.Status = waitingFor("ImagePullBackOff", "")
			s.put(pod)
			want := &k8sops.Failure{Code: k8sops.PullFails, Pod: "newest", Container: "gitea", Reason: "ImagePullBackOff"}
			if diff := cmp.Diff(want, f.until("failed", failed).Failure); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestANewRevisionIsFollowedAndTheEarlierOneForgotten(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(stuck), replicaSet("gitea-2", "2"))
	f := follow(t, s.cluster("rt"), deployment)
	for i, revision := range []string{"2", "3"} {
		name := "gitea-" + revision
		d := deployed(counts{int64(2 + i), int64(2 + i), 2, 2, 1, 1, 1})
		d.Annotations[revisionKey] = revision
		s.put(replicaSet(name, revision), d)
		pod := podOf("ReplicaSet", name, name+"-a")
		pod.Status = waitingFor("CrashLoopBackOff", "")
		s.put(pod)
		f.until("failed for revision "+revision, func(r k8sops.Rollout) bool {
			return r.Failure != nil && r.Failure.Pod == name+"-a"
		})
	}
}

func TestTheNewestOfThePodsThatFailIsNamedAndOneThatIsGoneIsNot(t *testing.T) {
	t.Parallel()
	older, newer := podOf("ReplicaSet", "gitea-2", "older"), podOf("ReplicaSet", "gitea-2", "newer")
	newer.CreationTimestamp = metav1.NewTime(noon.Add(time.Minute))
	older.Status, newer.Status = waitingFor("CrashLoopBackOff", ""), waitingFor("CrashLoopBackOff", "")
	running := podOf("ReplicaSet", "gitea-2", "running")
	running.CreationTimestamp = metav1.NewTime(noon.Add(time.Hour))
	running.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "gitea", Ready: true}}
	s := newServer(t, deployed(stuck), replicaSet("gitea-2", "2"), older, newer, running)
	f := follow(t, s.cluster("rt"), deployment)
	named := func(name string) func(k8sops.Rollout) bool {
		return func(r k8sops.Rollout) bool { return r.Failure != nil && r.Failure.Pod == name }
	}
	f.until("failed for the newer", named("newer"))
	s.remove(newer)
	f.until("failed for the older", named("older"))
	s.remove(older)
	f.until("without a failure", func(r k8sops.Rollout) bool { return r.Failure == nil })
}
