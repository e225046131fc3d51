package diagnose_test

import (
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
)

// broken are snapshots as no cluster should give them.
func broken() map[string]diagnose.Snapshot {
	yes := true
	long := corev1.Event{
		Reason: "Failed", Message: "Failed to pull image " + strings.Repeat("<!channel>", 100_000), Count: -1,
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", FieldPath: "spec.containers{"}, LastTimestamp: metav1.NewTime(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	loop := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "gitea-", OwnerReferences: []metav1.OwnerReference{{Kind: "Pod", Name: "gitea-", Controller: &yes}}}}
	negative := &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "no-such", RestartCount: -7}}}}
	negative.Spec.Containers = []corev1.Container{{Name: "gitea"}}
	negative.Status.ContainerStatuses = append(negative.Status.ContainerStatuses, corev1.ContainerStatus{
		Name: "gitea", RestartCount: -7, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
	})
	return map[string]diagnose.Snapshot{
		"nothing at all":                 {},
		"a pod without anything":         {Pod: &corev1.Pod{}},
		"a pod that owns itself":         {Pod: loop, Events: []corev1.Event{long}},
		"a restart count below zero":     {Pod: negative},
		"an event of a megabyte":         {Events: []corev1.Event{long}},
		"a workload without anything":    {Deployment: &appsv1.Deployment{}, ReplicaSet: &appsv1.ReplicaSet{}},
		"ten thousand events":            {Pod: &corev1.Pod{}, Events: make([]corev1.Event, 10_000)},
		"a node without conditions":      {Pod: &corev1.Pod{}, Node: &corev1.Node{}},
		"a claim that nobody asked for":  {Pod: &corev1.Pod{}, Claims: make([]corev1.PersistentVolumeClaim, 3)},
		"an answer about no image":       {Pod: negative, Answers: []diagnose.Answer{{}}},
		"a secret without a name":        {Pod: loop, Secrets: []diagnose.PullSecret{{Hosts: []string{"["}, Opened: true, Found: true}}},
		"a deletion in the far future":   {Pod: deletedAt(time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC))},
		"a deletion before there was it": {Pod: deletedAt(time.Time{})},
	}
}

func deletedAt(at time.Time) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "gitea", DeletionTimestamp: &metav1.Time{Time: at}}}
}

func FuzzExplain(f *testing.F) {
	for _, file := range cases(f) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(_ *testing.T, text string) {
		s, err := k8sops.Recorded(noon, []byte(text))
		if err == nil {
			diagnose.Explain(s)
		}
	})
}
