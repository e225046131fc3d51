package k8sops_test

import (
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http/httptest"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"rtbot/k8sops"
	"rtbot/k8sops/registry"
)

const token = "the-token-of-the-bot"

// object is any object of the cluster.
type object interface {
	runtime.Object
	metav1.Object
}

// stored is an object as the API server gives it.
type stored struct {
	name   string
	about  string // the UID of what an event is about
	labels labels.Set
	text   json.RawMessage
}

// watcher is one open watch.
type watcher struct {
	collection string
	fields     fields.Selector
	labels     labels.Selector
	events     chan event
}

type event struct {
	Type   string `json:"type"`
	Object any    `json:"object"`
}

// apiServer answers those paths of a Kubernetes API server that the package reads, over TLS and HTTP/2, from the objects
// that a test puts there.
type apiServer struct {
	t      testing.TB
	server *httptest.Server

	mu        sync.Mutex
	version   int
	kinds     map[string]string
	stored    map[string][]stored
	watchers  map[*watcher]bool
	answers   map[string]any
	refusals  map[string]*metav1.Status
	rules     map[string][]authorizationv1.ResourceRule
	requested []string
	// images is the registry that the cluster's client asks; nil for none.
	images *registry.Client
}

// pullSecret is the name of the one secret that may be read.
const pullSecret = "dockerhub-auth-secret"

func newServer(tb testing.TB, objects ...object) *apiServer {
	tb.Helper()
	s := &apiServer{
		t: tb, kinds: map[string]string{}, stored: map[string][]stored{}, watchers: map[*watcher]bool{},
		answers: map[string]any{}, refusals: map[string]*metav1.Status{}, rules: map[string][]authorizationv1.ResourceRule{},
	}
	s.answers["/version"] = map[string]string{"gitVersion": "v1.33.4"}
	s.publish("apis/apps/v1", "?hash=1", readJSON(tb, "testdata/apps-v1.json"))
	s.server = httptest.NewUnstartedServer(s)
	s.server.EnableHTTP2 = true
	s.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.server.StartTLS()
	tb.Cleanup(s.stop)
	s.put(objects...)
	return s
}

// stop ends the server and all that is open in it.
func (s *apiServer) stop() {
	s.endWatches(nil)
	s.server.CloseClientConnections()
	s.server.Close()
}

// cluster is a client of the server that is made of a kubeconfig, as the bot's is.
func (s *apiServer) cluster(namespaces ...string) *k8sops.Cluster {
	s.t.Helper()
	config := api.NewConfig()
	config.Clusters["lab"] = &api.Cluster{
		Server:                   s.server.URL,
		CertificateAuthorityData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw}),
	}
	config.AuthInfos["bot"] = &api.AuthInfo{Token: token}
	config.Contexts["bot"] = &api.Context{Cluster: "lab", AuthInfo: "bot"}
	config.CurrentContext = "bot"
	file := filepath.Join(s.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		s.t.Fatal(err)
	}
	c, err := k8sops.New(k8sops.Config{
		Kubeconfig: file, Namespaces: namespaces, PullSecrets: []string{pullSecret}, StrayNamespaces: []string{"ci"}, Registry: s.images, Now: s.now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// now is some minutes after the first object was made.
func (*apiServer) now() time.Time { return noon.Add(10 * time.Minute) }

// put makes or replaces objects, and tells those who watch.
func (s *apiServer) put(objects ...object) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		collection, one := s.store(o)
		at := slices.IndexFunc(s.stored[collection], func(x stored) bool { return x.name == one.name })
		what := "MODIFIED"
		if at < 0 {
			what = "ADDED"
			s.stored[collection] = append(s.stored[collection], one)
		} else {
			s.stored[collection][at] = one
		}
		s.tell(collection, what, one)
	}
}

// remove takes an object away, and tells those who watch.
func (s *apiServer) remove(o object) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	collection, one := s.store(o)
	s.stored[collection] = slices.DeleteFunc(s.stored[collection], func(x stored) bool { return x.name == one.name })
	s.tell(collection, "DELETED", one)
}

func (s *apiServer) store(o object) (collection string, _ stored) {
	s.t.Helper()
	kinds, _, err := scheme.Scheme.ObjectKinds(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.version++
	o.SetResourceVersion(strconv.Itoa(s.version))
	o.GetObjectKind().SetGroupVersionKind(kinds[0])
	text, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	root := "/apis"
	if kinds[0].Group == "" {
		root = "/api"
	}
	collection = path.Join(root, kinds[0].GroupVersion().String(), "namespaces", o.GetNamespace(), strings.ToLower(kinds[0].Kind)+"s")
	if o.GetNamespace() == "" {
		collection = path.Join(root, kinds[0].GroupVersion().String(), strings.ToLower(kinds[0].Kind)+"s")
	}
	one := stored{name: o.GetName(), labels: maps.Clone(o.GetLabels()), text: text}
	if e, isEvent := o.(*corev1.Event); isEvent {
		one.about = string(e.InvolvedObject.UID)
	}
	return collection, one
}

func (s *apiServer) tell(collection, what string, one stored) {
	for w := range s.watchers {
		if w.collection == collection && matches(one, w.fields, w.labels) {
			w.events <- event{what, one.text}
		}
	}
}

func matches(one stored, f fields.Selector, l labels.Selector) bool {
	return f.Matches(fields.Set{"metadata.name": one.name, "involvedObject.uid": one.about}) && l.Matches(one.labels)
}

// endWatches ends all open watches, after an event of an error where one is given.
func (s *apiServer) endWatches(status *metav1.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		if status != nil {
			w.events <- event{"ERROR", status}
		}
		close(w.events)
		delete(s.watchers, w)
	}
}

// refuse answers a path with an error from now on, and as before where that is nil.
func (s *apiServer) refuse(path string, status *metav1.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[path] = status
}

// publish makes the schema of a group and version known.
func (s *apiServer) publish(version, hash string, document any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	url := "/openapi/v3/" + version
	paths := map[string]any{}
	if index, ok := s.answers["/openapi/v3"].(map[string]any); ok {
		paths = maps.Clone(index["paths"].(map[string]any))
	}
	paths[version] = map[string]string{"serverRelativeURL": url + hash}
	s.answers["/openapi/v3"] = map[string]any{"paths": paths}
	s.answers[url] = document
}

// requests counts the requests to a path.
func (s *apiServer) requests(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.requested), func(p string) bool { return p != path }))
}

// open counts the open watches.
func (s *apiServer) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watchers)
}

// abort breaks off all open watches in the middle.
func (s *apiServer) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		w.events <- event{"ABORT", nil}
		delete(s.watchers, w)
	}
}
