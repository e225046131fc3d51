package k8sops_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"

	"rtbot/k8sops"
)

const podsPath = "/api/v1/namespaces/rt/pods"

// listed answers a list of pods in protobuf, as the API server does when it is asked for nothing else.
func listed(t *testing.T, pods ...*corev1.Pod) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "application/vnd.kubernetes.protobuf" || r.URL.Query().Get("resourceVersion") != "0" {
			t.Errorf("asked for %q of version %q", got, r.URL.Query().Get("resourceVersion"))
		}
		selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
		if err != nil {
			t.Error(err)
		}
		list := &corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, ListMeta: metav1.ListMeta{ResourceVersion: "77"}}
		for _, p := range pods {
			if selector.Matches(labels.Set(p.Labels)) {
				list.Items = append(list.Items, *p)
			}
		}
		w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf")
		if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(list, w); err != nil {
			t.Error(err)
		}
	}
}

// aPod is a pod of gitea whose one container is in that state.
func aPod(name string, phase corev1.PodPhase, state corev1.ContainerState, alter ...func(*corev1.Pod)) *corev1.Pod {
	p := podOf("ReplicaSet", "gitea-2", name)
	p.Spec.NodeName = "pool-rt-1"
	p.Status = corev1.PodStatus{Phase: phase, ContainerStatuses: []corev1.ContainerStatus{{Name: "gitea", State: state, Ready: state.Running != nil}}}
	for _, a := range alter {
		a(p)
	}
	return p
}

var runs = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(noon)}}

func waits(reason string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
}

func ended(reason string, code int32) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
}

func TestThePodsThatWantToBeLookedAtStandFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t, deployed(all(1, 1)))
	restarts := func(n int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Status.ContainerStatuses[0].RestartCount = n }
	}
	s.answers[podsPath] = listed(t,
		aPod("runs", corev1.PodRunning, runs, restarts(-5)),
		aPod("waits", corev1.PodPending, waits("ContainerCreating")),
		aPod("pulls", corev1.PodPending, waits("ImagePullBackOff")),
		aPod("crashes", corev1.PodRunning, waits("CrashLoopBackOff"), restarts(7)),
		aPod("oom", corev1.PodRunning, ended("OOMKilled", 137)),
		aPod("errs", corev1.PodRunning, ended("Error", 3)),
		aPod("done", corev1.PodSucceeded, ended("Completed", 0)),
		aPod("evicted", corev1.PodFailed, ended("", 137), func(p *corev1.Pod) { p.Status.Reason = "Evicted" }),
		aPod("unready", corev1.PodRunning, runs, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = false }),
		aPod("leaves", corev1.PodRunning, runs, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon} }),
		aPod("init", corev1.PodPending, waits("PodInitializing"), func(p *corev1.Pod) {
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "migrate", State: ended("Error", 1)}}
		}),
		aPod("statusless", "", corev1.ContainerState{}, func(p *corev1.Pod) { p.Status = corev1.PodStatus{}; p.Labels = nil }),
	)
	read := func(of *k8sops.Object, most int) (names []string, pods k8sops.Pods) {
		pods, err := s.cluster("rt").Pods(t.Context(), of, most)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pods.Worst {
			names = append(names, fmt.Sprintf("%s %s %d/%d", p.Name, p.Reason, p.Ready, p.Containers))
		}
		return names, pods
	}
	want := []string{
		"crashes CrashLoopBackOff 0/1", "errs ExitCode:3 0/1", "evicted Evicted 0/1", "init Init:ExitCode:1 0/1", "oom OOMKilled 0/1",
		"pulls ImagePullBackOff 0/1", "statusless Unknown 0/1", "leaves Terminating 1/1", "unready NotReady 0/1", "waits ContainerCreating 0/1",
		"done Completed 0/1", "runs Running 1/1",
	}
	got, pods := read(nil, 100)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[k8sops.Grade]int{k8sops.Bad: 7, k8sops.Unsettled: 3, k8sops.Fine: 2}, pods.Count); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if got, pods := read(nil, 2); !cmp.Equal(got, want[:2]) || pods.Total != 12 {
		t.Errorf("got %q of %d, want the two worst of 12", got, pods.Total)
	}
	if got, pods := read(&deployment, 100); len(got) != 11 || pods.Total != 11 {
		t.Errorf("got %q, want the 11 that the app selects", got)
	}
}

func TestAListThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	whole := listed(t, aPod("a", corev1.PodRunning, runs), aPod("b", corev1.PodRunning, runs))
	s := newServer(t)
	s.answers[podsPath] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all capture
		whole(&all, r)
		_, _ = w.Write(all.Bytes()[:all.Len()/2])
	})
	if _, err := s.cluster("rt").Pods(t.Context(), nil, 10); !errors.Is(err, k8sops.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	s.answers[podsPath] = map[string]string{"kind": "PodList"}
	if _, err := s.cluster("rt").Pods(t.Context(), nil, 10); err == nil {
		t.Error("another encoding is taken")
	}
}

// capture is what a handler writes.
type capture struct{ bytes.Buffer }

func (*capture) Header() http.Header { return http.Header{} }
func (*capture) WriteHeader(int)     {}

func TestNodesAreListedWithWhatIsAskedOfThem(t *testing.T) {
	t.Parallel()
	node := func(name string, conditions ...corev1.NodeCondition) corev1.Node {
		return corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"node-role.kubernetes.io/control-plane": "", "x": "y"}},
			Status: corev1.NodeStatus{
				Allocatable: quantities("cpu", "4", "memory", "8Gi"), NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "v1.33.4"}, Conditions: conditions,
			},
		}
	}
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue}
	cordoned := node("cordoned", ready)
	cordoned.Spec.Unschedulable = true
	s := newServer(t)
	s.answers["/api/v1/nodes"] = corev1.NodeList{TypeMeta: metav1.TypeMeta{Kind: "NodeList", APIVersion: "v1"}, Items: []corev1.Node{
		node("pool-rt-1", ready), cordoned,
		node("full", ready, corev1.NodeCondition{Type: corev1.NodeDiskPressure, Status: corev1.ConditionTrue, Reason: "KubeletHasDiskPressure"}),
		node("gone", corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown"}),
	}}
	s.answers[podsPath] = listed(t, aPod("a", corev1.PodRunning, runs), aPod("b", corev1.PodRunning, runs), aPod("c", corev1.PodSucceeded, ended("", 0)))
	got, err := s.cluster("rt").Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range got {
		lines = append(lines, fmt.Sprintf("%s good=%v pods=%d %s/%s %s/%s %v", n.Name, n.Good(), n.Pods, n.AskedCPU.String(), n.CPU.String(),
			n.AskedMemory.String(), n.Memory.String(), n.Roles))
	}
	want := []string{
		"gone good=false pods=0 0/4 0/8Gi [control-plane]", "full good=false pods=0 0/4 0/8Gi [control-plane]",
		"cordoned good=false pods=0 0/4 0/8Gi [control-plane]", "pool-rt-1 good=true pods=2 200m/4 128Mi/8Gi [control-plane]",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPodIsDescribedWithWhatHappenedToIt(t *testing.T) {
	t.Parallel()
	p := aPod("gitea-x", corev1.PodRunning, waits("CrashLoopBackOff"), func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].RestartCount = 3
		p.Status.ContainerStatuses[0].LastTerminationState = ended("OOMKilled", 137)
		p.Status.Conditions = []corev1.PodCondition{{Type: "Ready", Status: "False", Reason: "ContainersNotReady"}, {Type: "PodScheduled", Status: "True"}}
		p.Spec.Volumes = []corev1.Volume{
			{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "gitea-data"}}},
			{Name: "kube-api-access-x", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{}}},
		}
	})
	event := func(name, message string, at time.Time, uid string) corev1.Event {
		return corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Type: "Warning", Reason: "BackOff", Message: message, Count: -1,
			InvolvedObject: corev1.ObjectReference{Name: "gitea-x", UID: p.UID}, LastTimestamp: metav1.NewTime(at), Series: nil,
			ReportingController: uid,
		}
	}
	other := event("d", "of an earlier pod", noon, "")
	other.InvolvedObject.UID = "another"
	s := newServer(t, p)
	s.answers["/api/v1/namespaces/rt/events"] = corev1.EventList{TypeMeta: metav1.TypeMeta{Kind: "EventList", APIVersion: "v1"}, Items: []corev1.Event{
		event("a", "second", noon.Add(time.Minute), ""), event("b", strings.Repeat("é", 1<<20), noon, ""),
		event("c", "when?", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ""), other,
	}}
	got, err := s.cluster("rt").Describe(t.Context(), k8sops.LogQuery{Namespace: "rt", Pod: "gitea-x"})
	if err != nil {
		t.Fatal(err)
	}
	want := k8sops.Description{
		Pod: k8sops.Pod{
			Namespace: "rt", Name: "gitea-x", Node: "pool-rt-1", Grade: k8sops.Bad, Reason: "CrashLoopBackOff", Containers: 1, Restarts: 3,
			Created: got.Created,
		},
		Owner: "ReplicaSet/gitea-2",
		Containers: []k8sops.ContainerState{{
			Name: "gitea", Image: "gitea/gitea:1.22", State: k8sops.ContainerWaits, Reason: "CrashLoopBackOff", Restarts: 3, Last: "OOMKilled",
			Requests: "cpu 100m, memory 64Mi", Limits: "memory 128Mi",
		}},
		Conditions: []k8sops.Condition{{Type: "Ready", Reason: "ContainersNotReady"}},
		Volumes:    []k8sops.Volume{{Name: "data", Source: "PersistentVolumeClaim/gitea-data"}},
		Events: []k8sops.Event{
			{Warning: true, Reason: "BackOff", Message: "when?", Count: 1},
			{Warning: true, Reason: "BackOff", Message: strings.Repeat("é", 500) + "…", Count: 1, Last: noon},
			{Warning: true, Reason: "BackOff", Message: "second", Count: 1, Last: noon.Add(time.Minute)},
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
