package kubelet

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// spoken is how many lines a running container has said at most, and pause how long it is silent between two.
const (
	spoken = 500
	pause  = 2 * time.Second
)

// line is one line of a log.
type line struct {
	at   time.Time
	text string
}

// Serve answers what the API server asks a kubelet: logs, and by way of KWOK whatever else there is.
func (k *Kubelet) Serve(others http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	mux.Handle("/", others)
	return mux
}

func (k *Kubelet) logs(w http.ResponseWriter, r *http.Request) {
	o, err := optionsOf(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	object, err := k.pods.Pods(r.PathValue("namespace")).Get(r.PathValue("pod"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	said, err := k.said(object, r.PathValue("container"), o.Previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeLog(w, cut(said, o, k.now()), o)
	if o.Follow {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// optionsOf reads what is asked of a log, as the API server passes it on.
func optionsOf(query url.Values) (corev1.PodLogOptions, error) {
	o := corev1.PodLogOptions{
		Follow: query.Get("follow") == "true", Previous: query.Get("previous") == "true", Timestamps: query.Get("timestamps") == "true",
	}
	for name, into := range map[string]**int64{
		"sinceSeconds": &o.SinceSeconds, "tailLines": &o.TailLines, "limitBytes": &o.LimitBytes,
	} {
		if query.Get(name) == "" {
			continue
		}
		n, err := strconv.ParseInt(query.Get(name), 10, 64)
		if err != nil {
			return o, fmt.Errorf("read %s: %w", name, err)
		}
		*into = &n
	}
	if since := query.Get("sinceTime"); since != "" {
		at, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return o, fmt.Errorf("read sinceTime: %w", err)
		}
		o.SinceTime = &metav1.Time{Time: at}
	}
	return o, nil
}

// said is what a container has said in its present or its previous life.
func (k *Kubelet) said(object *corev1.Pod, name string, previous bool) ([]line, error) {
	for _, list := range [][]corev1.ContainerStatus{object.Status.ContainerStatuses, object.Status.InitContainerStatuses} {
		for i := range list {
			if list[i].Name == name {
				return k.ofContainer(object, &list[i], previous)
			}
		}
	}
	return nil, fmt.Errorf("container %q in pod %q is waiting to start: ContainerCreating", name, object.Name)
}

func (k *Kubelet) ofContainer(object *corev1.Pod, c *corev1.ContainerStatus, previous bool) ([]line, error) {
	last := c.LastTerminationState.Terminated
	switch {
	case previous && last == nil:
		return nil, fmt.Errorf("previous terminated container %q in pod %q not found", c.Name, object.Name)
	case previous:
		return lastWords(c.Name, last), nil
	case c.State.Terminated != nil:
		return lastWords(c.Name, c.State.Terminated), nil
	case c.State.Running != nil:
		return chatter(object, c, k.now()), nil
	case last != nil: // between two lives, what it said in the last one
		return lastWords(c.Name, last), nil
	default:
		reason := "ContainerCreating"
		if c.State.Waiting != nil {
			reason = waiting(c.State.Waiting.Reason)
		}
		return nil, fmt.Errorf("container %q in pod %q is waiting to start: %s", c.Name, object.Name, reason)
	}
}

func lastWords(name string, t *corev1.ContainerStateTerminated) []line {
	var all []line
	for _, text := range (fate{t.Reason, t.ExitCode}).lines(name) {
		all = append(all, line{t.FinishedAt.Time, text})
	}
	return all
}

// chatter is what a container says that runs: a start, with a password that has no business in a log, and then a request
// every now and then.
func chatter(object *corev1.Pod, c *corev1.ContainerStatus, now time.Time) []line {
	began := c.State.Running.StartedAt.Time
	all := []line{
		{began, c.Name + ": starting"},
		{began, c.Name + ": connecting to postgres://forge:not-for-the-chat@postgres-svc:5432/forge"},
		{began, c.Name + ": listening"},
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, string(object.UID))
	first := max(0, int(now.Sub(began)/pause)-spoken)
	paths := []string{"/", "/healthz", "/login", "/api/v1/version"}
	for n := first; began.Add(time.Duration(n) * pause).Before(now); n++ {
		at := began.Add(time.Duration(n) * pause)
		path := paths[(uint32(n)+h.Sum32())%uint32(len(paths))] //nolint:gosec // both are small
		all = append(all, line{at, fmt.Sprintf(`10.244.0.1 - "GET %s HTTP/1.1" 200 %d`, path, n%900+64)})
	}
	return all
}

// cut leaves the lines that are asked for.
func cut(all []line, o corev1.PodLogOptions, now time.Time) []line {
	var since time.Time
	if o.SinceSeconds != nil {
		since = now.Add(-time.Duration(*o.SinceSeconds) * time.Second)
	}
	if o.SinceTime != nil {
		since = o.SinceTime.Time
	}
	for len(all) > 0 && all[0].at.Before(since) {
		all = all[1:]
	}
	if o.TailLines != nil && int64(len(all)) > *o.TailLines {
		all = all[int64(len(all))-*o.TailLines:]
	}
	return all
}

func writeLog(w io.Writer, all []line, o corev1.PodLogOptions) {
	var text strings.Builder
	for _, l := range all {
		if o.Timestamps {
			text.WriteString(l.at.UTC().Format(time.RFC3339Nano) + " ")
		}
		text.WriteString(l.text + "\n")
	}
	whole := text.String()
	if o.LimitBytes != nil && int64(len(whole)) > *o.LimitBytes {
		whole = whole[:*o.LimitBytes]
	}
	_, _ = io.WriteString(w, whole)
}

// waiting says why there is no log yet, as a kubelet does.
func waiting(reason string) string {
	switch reason {
	case "ErrImagePull", "ImagePullBackOff":
		return "trying and failing to pull image"
	default:
		return reason
	}
}
