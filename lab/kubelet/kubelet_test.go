package kubelet_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"

	"rtbot/lab/kubelet"
	"rtbot/lab/pull"
)

// node is a node with its kubelet, in a cluster that keeps objects and does nothing.
type node struct {
	*kubelet.Kubelet

	t      *testing.T
	client *fake.Clientset
}

// start runs a kubelet that reaches a registry which has nginx:1.27 and asks nobody who they are.
func start(t *testing.T) *node {
	t.Helper()
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2/library/nginx/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Docker-Content-Digest", "sha256:aa")
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(hub.Close)
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	puller := pull.New(hub.Client(), map[string]pull.Mirror{"docker.io": {URL: hub.URL, Server: "registry-1.docker.io"}}, time.Now)
	n := &node{t: t, client: client, Kubelet: kubelet.New(client, puller, time.Now)}
	// What is made between the kubelet's list and its watch is lost: this cluster has no versions to go on from.
	watching := make(chan struct{}, 1)
	client.PrependWatchReactor("pods", func(action ktesting.Action) (bool, watch.Interface, error) {
		w, err := client.Tracker().Watch(action.GetResource(), action.GetNamespace())
		select {
		case watching <- struct{}{}:
		default:
		}
		return true, w, err
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the kubelet ended: %v", err)
		}
	})
	<-watching
	return n
}

// until watches a pod until it is as wanted.
func (n *node) until(p *corev1.Pod, wanted func(*corev1.Pod) bool) *corev1.Pod {
	n.t.Helper()
	changes, err := n.client.CoreV1().Pods("rt").Watch(n.t.Context(), metav1.ListOptions{})
	if err != nil {
		n.t.Fatal(err)
	}
	defer changes.Stop()
	if _, err := n.client.CoreV1().Pods("rt").Create(n.t.Context(), p, metav1.CreateOptions{}); err != nil {
		n.t.Fatal(err)
	}
	for change := range changes.ResultChan() {
		if got, ok := change.Object.(*corev1.Pod); ok && wanted(got) {
			return got
		}
	}
	n.t.Fatal("the watch ended")
	return nil
}

func podOf(image string, annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "rt", Name: "p", UID: "u", Annotations: annotations},
		Spec:       corev1.PodSpec{NodeName: "n1", Containers: []corev1.Container{{Name: "app", Image: image}}},
	}
}

func waits(reason string) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool {
		all := p.Status.ContainerStatuses
		return len(all) == 1 && all[0].State.Waiting != nil && all[0].State.Waiting.Reason == reason
	}
}

func TestAPodRuns(t *testing.T) {
	t.Parallel()
	got := start(t).until(podOf("nginx:1.27", nil), func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	c := got.Status.ContainerStatuses[0]
	if !c.Ready || c.Image != "docker.io/library/nginx:1.27" || c.ImageID != "docker.io/library/nginx@sha256:aa" {
		t.Errorf("its container is %+v", c)
	}
	if got.Status.PodIP == "" || got.Status.StartTime == nil {
		t.Errorf("its status is %+v", got.Status)
	}
}

func TestAnImageThatIsNotThereIsTriedAgain(t *testing.T) {
	t.Parallel()
	got := start(t).until(podOf("nothing:1", nil), waits("ImagePullBackOff"))
	const want = `Back-off pulling image "nothing:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image ` +
		`"docker.io/library/nothing:1": failed to resolve reference "docker.io/library/nothing:1": docker.io/library/nothing:1: not found`
	if text := got.Status.ContainerStatuses[0].State.Waiting.Message; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if got.Status.Phase != corev1.PodPending {
		t.Errorf("it is %s", got.Status.Phase)
	}
}

func TestAContainerThatEndsIsStartedAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		behaves, reason string
		code            int32
	}{
		"with an error": {kubelet.Crashes, "Error", 1},
		"out of memory": {kubelet.OutOfMemory, "OOMKilled", 137},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := podOf("nginx:1.27", map[string]string{kubelet.Behaves: test.behaves})
			got := start(t).until(pod, func(p *corev1.Pod) bool {
				return waits("CrashLoopBackOff")(p) && p.Status.ContainerStatuses[0].RestartCount == 2
			})
			last := got.Status.ContainerStatuses[0].LastTerminationState.Terminated
			if last.Reason != test.reason || last.ExitCode != test.code || got.Status.Phase != corev1.PodRunning {
				t.Errorf("it ended %+v and the pod is %s", last, got.Status.Phase)
			}
		})
	}
}

func TestWhatAContainerRefersToHasToBeThere(t *testing.T) {
	t.Parallel()
	secret := func(key string) []corev1.EnvVar {
		return []corev1.EnvVar{{Name: "X", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: key,
		}}}}
	}
	tests := map[string]struct {
		env    []corev1.EnvVar
		secret *corev1.Secret
		want   string
	}{
		"a secret": {env: secret("key"), want: `secret "s" not found`},
		"a key of a secret": {
			env: secret("key"), want: "couldn't find key key in Secret rt/s",
			secret: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "rt", Name: "s"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, pod := start(t), podOf("nginx:1.27", nil)
			pod.Spec.Containers[0].Env = test.env
			if test.secret != nil {
				if _, err := n.client.CoreV1().Secrets("rt").Create(t.Context(), test.secret, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			got := n.until(pod, waits("CreateContainerConfigError"))
			if text := got.Status.ContainerStatuses[0].State.Waiting.Message; text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	n := start(t)
	pod := podOf("nginx:1.27", map[string]string{kubelet.Behaves: kubelet.Crashes})
	n.until(pod, func(p *corev1.Pod) bool { return waits("CrashLoopBackOff")(p) })
	tests := map[string]struct {
		path   string
		status int
		want   string
	}{
		"of the life before": {"/containerLogs/rt/p/app?previous=true&tailLines=1", 200, "fatal: password authentication failed for user \"app\"\n"},
		"no more than asked": {"/containerLogs/rt/p/app?limitBytes=3", 200, "app"},
		"no such pod":        {"/containerLogs/rt/q/app", 404, "not found"},
		"no such container":  {"/containerLogs/rt/p/side", 400, "waiting to start"},
		"no number":          {"/containerLogs/rt/p/app?tailLines=x", 400, "read tailLines"},
		"what is KWOK's":     {"/portForward/rt/p", 418, "kwok"},
	}
	kwok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("kwok"))
	})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, http.NoBody)
			answer := httptest.NewRecorder()
			for range 10_000 { // the kubelet's own watch may be a moment behind
				answer = httptest.NewRecorder()
				if n.Serve(kwok).ServeHTTP(answer, request); answer.Code == test.status {
					break
				}
			}
			if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.want) {
				t.Errorf("got %d %q, want %d %q", answer.Code, answer.Body, test.status, test.want)
			}
		})
	}
}
