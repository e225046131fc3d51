package k8sops

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"rtbot/k8sops/diagnose"
)

// Recorded makes a Snapshot of files that hold what `kubectl get -o yaml` prints: documents of YAML or JSON, lists or
// single objects, in any order. Kinds that explain nothing are passed over. Of several pods the worst is explained.
func Recorded(at time.Time, files ...[]byte) (diagnose.Snapshot, error) {
	r := recording{at: at}
	for _, file := range files {
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(file)))
		for {
			text, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return diagnose.Snapshot{}, fmt.Errorf("read document: %w", err)
			}
			if err := r.document(text); err != nil {
				return diagnose.Snapshot{}, err
			}
		}
	}
	return r.snapshot(), nil
}

// ExplainRecorded explains what files hold. No registry is asked.
func ExplainRecorded(at time.Time, files ...[]byte) (Explanation, error) {
	s, err := Recorded(at, files...)
	if err != nil {
		return Explanation{}, err
	}
	g := &gathering{snapshot: s}
	e := explanationOf(s)
	e.Desired, e.Pods, e.Sharing = g.desired(), 1, 1
	return e, nil
}

// recording is what was found in the files.
type recording struct {
	at      time.Time
	pods    []corev1.Pod
	events  []corev1.Event
	sets    []appsv1.ReplicaSet
	deploys []appsv1.Deployment
	states  []appsv1.StatefulSet
	daemons []appsv1.DaemonSet
	service []corev1.ServiceAccount
	secrets []corev1.Secret
	nodes   []corev1.Node
	claims  []corev1.PersistentVolumeClaim
	quotas  []corev1.ResourceQuota
}

func (r *recording) document(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if runtime.IsNotRegisteredError(err) || runtime.IsMissingKind(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read document: %w", err)
	}
	return r.add(object)
}

func (r *recording) add(object runtime.Object) error {
	if list, isList := object.(*corev1.List); isList {
		for _, item := range list.Items {
			if err := r.document(item.Raw); err != nil {
				return err
			}
		}
		return nil
	}
	if meta.IsListType(object) {
		items, err := meta.ExtractList(object)
		if err != nil {
			return fmt.Errorf("read list: %w", err)
		}
		for _, item := range items {
			if err := r.add(item); err != nil {
				return err
			}
		}
		return nil
	}
	r.keep(object)
	return nil
}

func (r *recording) keep(object runtime.Object) {
	switch o := object.(type) {
	case *corev1.Pod:
		r.pods = append(r.pods, *o)
	case *corev1.Event:
		r.events = append(r.events, *o)
	case *eventsv1.Event:
		r.events = append(r.events, ofNewEvent(o))
	case *corev1.ServiceAccount:
		r.service = append(r.service, *o)
	case *corev1.Secret:
		r.secrets = append(r.secrets, *o)
	case *corev1.Node:
		r.nodes = append(r.nodes, *o)
	case *corev1.PersistentVolumeClaim:
		r.claims = append(r.claims, *o)
	case *corev1.ResourceQuota:
		r.quotas = append(r.quotas, *o)
	default:
		r.keepWorkload(object)
	}
}

func (r *recording) keepWorkload(object runtime.Object) {
	switch o := object.(type) {
	case *appsv1.ReplicaSet:
		r.sets = append(r.sets, *o)
	case *appsv1.Deployment:
		r.deploys = append(r.deploys, *o)
	case *appsv1.StatefulSet:
		r.states = append(r.states, *o)
	case *appsv1.DaemonSet:
		r.daemons = append(r.daemons, *o)
	}
}

// ofNewEvent turns an event of the newer API into the older form, which has the same facts.
func ofNewEvent(e *eventsv1.Event) corev1.Event {
	old := corev1.Event{
		ObjectMeta: e.ObjectMeta, InvolvedObject: e.Regarding, Reason: e.Reason, Message: e.Note, Type: e.Type, EventTime: e.EventTime,
		FirstTimestamp: e.DeprecatedFirstTimestamp, LastTimestamp: e.DeprecatedLastTimestamp, Count: e.DeprecatedCount,
		Source: e.DeprecatedSource, ReportingController: e.ReportingController,
	}
	if e.Series != nil {
		old.Count = e.Series.Count
		old.Series = &corev1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	return old
}

func (r *recording) snapshot() diagnose.Snapshot {
	s := diagnose.Snapshot{At: r.at, Events: r.events, Claims: r.claims, Quotas: r.quotas}
	s.Pod, _ = worstOf(r.pods, r.at)
	if s.Pod != nil {
		// A file may leave out what the API server would have filled in.
		if s.Pod.Status.Phase == "" {
			s.Pod.Status.Phase = corev1.PodPending
		}
	}
	s.Deployment, s.StatefulSet = owning(s.Pod, r.deploys, "Deployment"), owning(s.Pod, r.states, "StatefulSet")
	s.DaemonSet, s.ReplicaSet = owning(s.Pod, r.daemons, "DaemonSet"), owning(s.Pod, r.sets, "ReplicaSet")
	for i := range r.secrets {
		secret := &r.secrets[i]
		known, _ := pullSecret(secret.Namespace, secret.Name, secret)
		s.Secrets = append(s.Secrets, known)
	}
	if s.Pod != nil {
		s.Account, s.Node = accountOf(s.Pod, r.service), nodeOf(s.Pod, r.nodes)
	}
	return s
}

// owned is an object that owns the pod, or is all that there is where there is no pod.
type owned[T any] interface {
	*T
	GetName() string
}

// owning picks the object of a kind that owns the pod: by the pod's own word, and a Deployment by the name that its
// ReplicaSets have. Without a pod it is the first.
func owning[T any, P owned[T]](p *corev1.Pod, among []T, kind string) P {
	for i := range among {
		o := P(&among[i])
		if p == nil || ownedBy(p, kind, o.GetName()) {
			return o
		}
	}
	return nil
}

func ownedBy(p *corev1.Pod, kind, name string) bool {
	for _, ref := range p.OwnerReferences {
		made := kind == "Deployment" && ref.Kind == "ReplicaSet" && strings.HasPrefix(ref.Name, name+"-")
		if ref.Kind == kind && ref.Name == name || made {
			return true
		}
	}
	return len(p.OwnerReferences) == 0 && (kind == "Deployment" || kind == "StatefulSet") && strings.HasPrefix(p.Name, name+"-")
}

func accountOf(p *corev1.Pod, among []corev1.ServiceAccount) *corev1.ServiceAccount {
	for i := range among {
		if a := &among[i]; a.Name == cmp.Or(p.Spec.ServiceAccountName, "default") && a.Namespace == p.Namespace {
			return a
		}
	}
	return nil
}

func nodeOf(p *corev1.Pod, among []corev1.Node) *corev1.Node {
	for i := range among {
		if among[i].Name == p.Spec.NodeName {
			return &among[i]
		}
	}
	return nil
}
