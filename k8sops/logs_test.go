package k8sops_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/k8sops"
)

// logging is a server with one pod of gitea that has that log.
func logging(t *testing.T, log http.HandlerFunc) *apiServer {
	t.Helper()
	p := aPod("gitea-x", corev1.PodRunning, runs)
	p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "sidecar"})
	s := newServer(t, deployed(all(1, 1)), p)
	s.answers[podsPath] = listed(t, p)
	s.answers[podsPath+"/gitea-x/log"] = log
	return s
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
}

func TestALogIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 9000)
	tests := map[string]struct {
		log   string
		query k8sops.LogQuery
		want  k8sops.Log
		last  string
	}{
		"a short one":     {"one\ntwo\n", k8sops.LogQuery{Tail: 10}, k8sops.Log{Matched: 2, Read: 6}, "two"},
		"the newest":      {"one\ntwo\nthree\n", k8sops.LogQuery{Tail: 2}, k8sops.Log{Matched: 3, Read: 11}, "three"},
		"only some lines": {"one\ntwo\nthree\n", k8sops.LogQuery{Tail: 9, Grep: regexp.MustCompile("^t")}, k8sops.Log{Matched: 2, Read: 11}, "three"},
		"a long line":     {"a\n" + long + "\n", k8sops.LogQuery{Tail: 9}, k8sops.Log{Matched: 2, Read: 9001, CutLines: 1}, long[:4096]},
		"nothing":         {"", k8sops.LogQuery{Tail: 9}, k8sops.Log{}, ""},
		"no text":         {"ok\n\x1f\x8b\x00\x00\n", k8sops.LogQuery{Tail: 9}, k8sops.Log{Matched: 1, Read: 6, Binary: true}, ""},
		"no line end":     {"one\r\ntwo", k8sops.LogQuery{Tail: 9}, k8sops.Log{Matched: 2, Read: 6}, "two"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.query.Of = deployment
			got, err := logging(t, text(test.log)).cluster("rt").Logs(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			last := ""
			if n := len(got.Lines); n > 0 {
				last = string(got.Lines[n-1])
			}
			counts := k8sops.Log{Matched: got.Matched, Read: got.Read, Binary: got.Binary, CutLines: got.CutLines, TimedOut: got.TimedOut}
			if !cmp.Equal(counts, test.want, cmp.AllowUnexported(k8sops.Log{})) || last != test.last || got.Pod != "gitea-x" || got.Container != "gitea" {
				t.Errorf("got %+v of %s in %s with the last line %.20q, want %+v and %.20q", counts, got.Container, got.Pod, last, test.want, test.last)
			}
		})
	}
}

func TestALogOfManyMegabytesKeepsOne(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("y", 4000) + "\n"
	s := logging(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 8000 {
			if _, err := w.Write([]byte(line)); err != nil {
				return
			}
		}
	})
	got, err := s.cluster("rt").Logs(t.Context(), k8sops.LogQuery{Of: deployment, Tail: k8sops.MostLogLines})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, l := range got.Lines {
		size += len(l)
	}
	if got.Matched != 8000 || size > 1<<20 || size < 1<<19 {
		t.Errorf("kept %d bytes of %d lines", size, got.Matched)
	}
}

func TestWhichLogIsAskedFor(t *testing.T) {
	t.Parallel()
	var asked string
	s := logging(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		_, _ = w.Write([]byte("x\n"))
	})
	c := s.cluster("rt")
	query := k8sops.LogQuery{Namespace: "rt", Pod: "gitea-x", Container: "sidecar", Previous: true, Since: 90 * time.Second, Tail: 7}
	if _, err := c.Logs(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("container=sidecar&previous=true&sinceSeconds=90&tailLines=7", asked); diff != "" {
		t.Error(diff)
	}
	query.Container = "nginx"
	_, err := c.Logs(t.Context(), query)
	if no, ok := errors.AsType[*k8sops.ContainerError](err); !ok || !cmp.Equal(no.Has, []string{"gitea", "sidecar"}) {
		t.Errorf("got %v, want the containers that there are", err)
	}
	query.Container = ""
	s.refuse(podsPath+"/gitea-x/log", problem(http.StatusBadRequest, metav1.StatusReasonBadRequest))
	if _, err = c.Logs(t.Context(), query); err == nil || !strings.Contains(err.Error(), "the server says BadRequest") {
		t.Errorf("got %v, want what the server says", err)
	}
	if _, err := c.FindPod(t.Context(), "", "gitea"); !errors.Is(err, k8sops.ErrNotFound) {
		t.Errorf("got %v for a pod that is not there", err)
	}
	if ns, err := c.FindPod(t.Context(), "", "gitea-x"); ns != "rt" || err != nil {
		t.Errorf("got %q, %v", ns, err)
	}
}
