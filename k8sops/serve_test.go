package k8sops_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/scheme"
)

const reviews = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"

// listKinds are the kinds of the lists that the server gives, by the last word of their path.
var listKinds = map[string]metav1.TypeMeta{
	"pods":                     {Kind: "PodList", APIVersion: "v1"},
	"resourcequotas":           {Kind: "ResourceQuotaList", APIVersion: "v1"},
	"limitranges":              {Kind: "LimitRangeList", APIVersion: "v1"},
	"nodes":                    {Kind: "NodeList", APIVersion: "v1"},
	"poddisruptionbudgets":     {Kind: "PodDisruptionBudgetList", APIVersion: "policy/v1"},
	"deployments":              {Kind: "DeploymentList", APIVersion: "apps/v1"},
	"statefulsets":             {Kind: "StatefulSetList", APIVersion: "apps/v1"},
	"daemonsets":               {Kind: "DaemonSetList", APIVersion: "apps/v1"},
	"replicasets":              {Kind: "ReplicaSetList", APIVersion: "apps/v1"},
	"events":                   {Kind: "EventList", APIVersion: "v1"},
	"persistentvolumeclaims":   {Kind: "PersistentVolumeClaimList", APIVersion: "v1"},
	"horizontalpodautoscalers": {Kind: "HorizontalPodAutoscalerList", APIVersion: "autoscaling/v2"},
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requested = append(s.requested, r.URL.Path)
	refusal, answer := s.refusals[r.URL.Path], s.answers[r.URL.Path]
	s.mu.Unlock()
	_, isList := listKinds[path.Base(r.URL.Path)]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		s.fail(w, problem(http.StatusUnauthorized, metav1.StatusReasonUnauthorized))
	case refusal != nil:
		s.fail(w, refusal)
	case answer != nil:
		if special, ok := answer.(http.HandlerFunc); ok {
			special(w, r)
			return
		}
		s.answer(w, answer)
	case r.Method == http.MethodPost && r.URL.Path == reviews:
		s.review(w, r)
	case r.Method != http.MethodGet:
		s.t.Errorf("the package writes: %s %s", r.Method, r.URL)
		s.fail(w, problem(http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed))
	case isList && r.URL.Query().Has("watch"):
		s.watch(w, r)
	case isList:
		s.list(w, r)
	default:
		s.get(w, r)
	}
}

func (s *apiServer) answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		s.t.Logf("answer: %v", err)
	}
}

func (s *apiServer) fail(w http.ResponseWriter, status *metav1.Status) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(int(status.Code))
	s.answer(w, status)
}

func problem(code int32, reason metav1.StatusReason) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: code, Reason: reason, Message: "the server says " + string(reason),
	}
}

func (s *apiServer) get(w http.ResponseWriter, r *http.Request) {
	collection, name := path.Split(r.URL.Path)
	s.mu.Lock()
	all := s.stored[strings.TrimSuffix(collection, "/")]
	at := slices.IndexFunc(all, func(one stored) bool { return one.name == name })
	var text json.RawMessage
	if at >= 0 {
		text = all[at].text
	}
	s.mu.Unlock()
	if text == nil {
		s.fail(w, problem(http.StatusNotFound, metav1.StatusReasonNotFound))
		return
	}
	s.answer(w, text)
}

func (s *apiServer) list(w http.ResponseWriter, r *http.Request) {
	f, l := s.selectors(r)
	items := []json.RawMessage{}
	s.mu.Lock()
	for _, one := range s.stored[r.URL.Path] {
		if matches(one, f, l) {
			items = append(items, one.text)
		}
	}
	s.mu.Unlock()
	s.answer(w, struct {
		metav1.TypeMeta
		Items []json.RawMessage `json:"items"`
	}{listKinds[path.Base(r.URL.Path)], items})
}

// watch begins with all that is there, as the API server does for a watch that names no version.
func (s *apiServer) watch(w http.ResponseWriter, r *http.Request) {
	f, l := s.selectors(r)
	one := &watcher{collection: r.URL.Path, fields: f, labels: l, events: make(chan event, 100)}
	s.mu.Lock()
	for _, o := range s.stored[r.URL.Path] {
		if matches(o, f, l) {
			one.events <- event{"ADDED", o.text}
		}
	}
	s.watchers[one] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, one)
	}()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	for {
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case e, more := <-one.events:
			if !more {
				return
			}
			if e.Type == "ABORT" {
				panic(http.ErrAbortHandler)
			}
			if err := json.NewEncoder(w).Encode(e); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (s *apiServer) selectors(r *http.Request) (fields.Selector, labels.Selector) {
	f, err := fields.ParseSelector(r.URL.Query().Get("fieldSelector"))
	if err != nil {
		s.t.Error(err)
	}
	l, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		s.t.Error(err)
	}
	return f, l
}

func (s *apiServer) review(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	asked := &authorizationv1.SelfSubjectRulesReview{}
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, asked); err != nil {
		s.t.Error(err)
	}
	asked.TypeMeta = metav1.TypeMeta{Kind: "SelfSubjectRulesReview", APIVersion: "authorization.k8s.io/v1"}
	s.mu.Lock()
	asked.Status.ResourceRules = s.rules[asked.Spec.Namespace]
	s.mu.Unlock()
	s.answer(w, asked)
}

func readJSON(tb testing.TB, file string) json.RawMessage {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
