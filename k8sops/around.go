package k8sops

import (
	"context"
	"io"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"rtbot/k8sops/diagnose"
	"rtbot/k8sops/registry"
)

const (
	// mostEvents is how many events of one object are read.
	mostEvents = 300
	// logLines and logBytes bound what is read of a log.
	logLines int64 = 20
	logBytes int64 = 16 << 10
)

// around is the last round: what the pod's trouble may come from. What it reads depends on how the pod is, so that no call
// is made for nothing.
func (g *gathering) around(ctx context.Context) {
	s := &g.snapshot
	if s.Pod == nil {
		g.note(g.round(ctx, g.aroundNone()...))
		return
	}
	readings := append(g.owners(s.Pod), g.events(s.Pod.Namespace, s.Pod.UID))
	pulls := pullFails(s.Pod)
	if pulls {
		readings = append(readings, g.account(s.Pod))
		readings = append(readings, g.secrets(s.Pod)...)
	}
	if s.Pod.Spec.NodeName != "" && !isReady(s.Pod) {
		readings = append(readings, g.node(s.Pod.Spec.NodeName))
	}
	if s.Pod.Spec.NodeName == "" && hasClaims(s.Pod) {
		readings = append(readings, g.claims(s.Pod.Namespace))
	}
	if !pulls {
		readings = append(readings, g.logs(s.Pod)...)
	}
	if pulls {
		readings = append(readings, g.elsewhere(s.Pod)...)
	}
	g.note(g.round(ctx, readings...))
}

// aroundNone reads why there is no pod.
func (g *gathering) aroundNone() []lookup {
	s := g.snapshot
	switch {
	case s.ReplicaSet != nil:
		return []lookup{g.events(s.ReplicaSet.Namespace, s.ReplicaSet.UID)}
	case s.Deployment != nil:
		return []lookup{g.events(s.Deployment.Namespace, s.Deployment.UID)}
	case s.StatefulSet != nil:
		return []lookup{g.events(s.StatefulSet.Namespace, s.StatefulSet.UID)}
	case s.DaemonSet != nil:
		return []lookup{g.events(s.DaemonSet.Namespace, s.DaemonSet.UID)}
	}
	return nil
}

// owners reads what made the pod, where that is not known yet. A ReplicaSet's name has its Deployment's in it, so both are
// read at once.
func (g *gathering) owners(p *corev1.Pod) []lookup {
	if g.selector() != nil {
		return nil
	}
	owner := metav1.GetControllerOf(p)
	switch {
	case owner == nil:
		return nil
	case owner.Kind == "StatefulSet":
		return []lookup{g.statefulSet(p.Namespace, owner.Name)}
	case owner.Kind == "DaemonSet":
		return []lookup{g.daemonSet(p.Namespace, owner.Name)}
	case owner.Kind == "ReplicaSet":
		name := strings.TrimSuffix(owner.Name, "-"+p.Labels[appsv1.DefaultDeploymentUniqueLabelKey])
		return []lookup{g.deployment(p.Namespace, name)}
	}
	return nil
}

// events reads those of one object, by its UID: a former one of the same name had others.
func (g *gathering) events(namespace string, uid types.UID) lookup {
	return one("events", func(ctx context.Context) (*corev1.EventList, error) {
		return g.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
			FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(uid)).String(), Limit: mostEvents,
		})
	}, func(s *diagnose.Snapshot, l *corev1.EventList) { s.Events = l.Items })
}

func (g *gathering) account(p *corev1.Pod) lookup {
	name := p.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	return one("serviceaccount", func(ctx context.Context) (*corev1.ServiceAccount, error) {
		return g.client.CoreV1().ServiceAccounts(p.Namespace).Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, a *corev1.ServiceAccount) { s.Account = a })
}

func (g *gathering) node(name string) lookup {
	return one("node", func(ctx context.Context) (*corev1.Node, error) {
		return g.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	}, func(s *diagnose.Snapshot, n *corev1.Node) { s.Node = n })
}

func (g *gathering) claims(namespace string) lookup {
	return one("persistentvolumeclaims", func(ctx context.Context) (*corev1.PersistentVolumeClaimList, error) {
		return g.client.CoreV1().PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{Limit: mostExplained})
	}, func(s *diagnose.Snapshot, l *corev1.PersistentVolumeClaimList) { s.Claims = l.Items })
}

// secrets reads the pull secrets that the bot may read, each once. One that the pod names and that is not among them is
// noted and not read.
func (g *gathering) secrets(p *corev1.Pod) []lookup {
	var readings []lookup
	for _, name := range g.pullSecrets {
		if namesSecret(p, name) || len(p.Spec.ImagePullSecrets) == 0 {
			readings = append(readings, g.secret(p.Namespace, name))
		}
	}
	for _, named := range p.Spec.ImagePullSecrets {
		if !slices.Contains(g.pullSecrets, named.Name) {
			g.snapshot.Unread = append(g.snapshot.Unread, diagnose.Unread{What: "secret " + named.Name, Why: "not-listed"})
		}
	}
	return readings
}

// elsewhere looks for the pod's secrets where they may lie by mistake: one in another namespace is not used.
func (g *gathering) elsewhere(p *corev1.Pod) []lookup {
	var readings []lookup
	for _, ns := range g.strayNamespaces {
		for _, name := range g.pullSecrets {
			if ns != p.Namespace && namesSecret(p, name) {
				readings = append(readings, g.secret(ns, name))
			}
		}
	}
	return readings
}

func namesSecret(p *corev1.Pod, name string) bool {
	return slices.Contains(p.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
}

// secret reads one pull secret. The snapshot gets its type and its registries; the credentials stay here.
func (g *gathering) secret(namespace, name string) lookup {
	return lookup{what: "secret " + name, do: func(ctx context.Context) (func(*diagnose.Snapshot), error) {
		got, err := g.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		err = outside("read secret "+name, err)
		if err != nil && whyUnread(err) != "not-found" {
			return nil, err
		}
		if err != nil {
			got = nil
		}
		known, keyring := pullSecret(namespace, name, got)
		return func(s *diagnose.Snapshot) {
			s.Secrets = append(s.Secrets, known)
			if known.Opened {
				g.keyrings[namespace+"/"+name] = keyring
			}
		}, nil
	}}
}

// pullSecret tells of a secret what may be told.
func pullSecret(namespace, name string, got *corev1.Secret) (diagnose.PullSecret, registry.Keyring) {
	known := diagnose.PullSecret{Namespace: namespace, Name: name}
	if got == nil {
		return known, registry.Keyring{}
	}
	known.Found, known.Type, known.Created = true, string(got.Type), got.CreationTimestamp.Time
	data := got.Data[corev1.DockerConfigJsonKey]
	if got.Type == corev1.SecretTypeDockercfg {
		data = got.Data[corev1.DockerConfigKey]
	}
	if len(data) == 0 {
		return known, registry.Keyring{}
	}
	keyring, err := registry.ParseKeyring(data)
	if err != nil {
		known.Problem = err.Error() // one of three fixed sentences
		return known, keyring
	}
	known.Opened, known.Hosts = true, keyring.Hosts()
	return known, keyring
}

// logs reads the end of what a container wrote that does not run as it should: of the run that ended, and of this one.
func (g *gathering) logs(p *corev1.Pod) []lookup {
	for _, st := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		ended := st.LastTerminationState.Terminated != nil || st.State.Terminated != nil && st.State.Terminated.ExitCode != 0
		if !ended || st.Ready {
			continue
		}
		return []lookup{g.log(p, st.Name, st.LastTerminationState.Terminated != nil)}
	}
	return nil
}

func (g *gathering) log(p *corev1.Pod, container string, previous bool) lookup {
	lines, bytes := logLines, logBytes
	return one("log", func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, readTimeOfLog)
		defer cancel()
		stream, err := g.client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{
			Container: container, Previous: previous, TailLines: &lines, LimitBytes: &bytes,
		}).Stream(ctx)
		if err != nil {
			return "", err
		}
		defer stream.Close()
		text, err := io.ReadAll(io.LimitReader(stream, logBytes))
		return string(text), err
	}, func(s *diagnose.Snapshot, text string) {
		s.Logs = append(s.Logs, diagnose.Log{Container: container, Previous: previous, Text: text})
	})
}

func hasClaims(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil })
}

// pullFails tells whether an image of the pod may not have come: a container that waits and has never run.
func pullFails(p *corev1.Pod) bool {
	if p.Spec.NodeName == "" {
		return false
	}
	for _, st := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if w := st.State.Waiting; w != nil && waiting[w.Reason] == PullFails {
			return true
		}
	}
	return false
}
