package k8sops

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The bounds of a log: what is over them is left out, and the log says so.
const (
	MostLogLines = 2000
	mostLogBytes = 1 << 20
	mostLine     = 4 << 10
	logTime      = 10 * time.Second
)

// LogQuery says which log, and which part of it.
type LogQuery struct {
	Namespace string
	// Pod is a pod's name; where it is empty, the worst of Of's pods counts.
	Pod string
	Of  Object
	// Container is empty for the one that is most likely meant.
	Container string
	// Previous asks for the container before its last restart.
	Previous bool
	// Since is how far back the log goes; 0 for all that there is.
	Since time.Duration
	// Tail is how many lines are kept, the newest.
	Tail int
	// Grep keeps the lines that it matches; nil keeps all.
	Grep *regexp.Regexp
}

// Log is the newest part of a container's log.
type Log struct {
	Pod       string
	Container string
	Lines     [][]byte
	// Matched is how many lines there were to keep, of Read bytes that were read.
	Matched int
	Read    int64
	// Binary is true where what was read is no text: then there are no lines.
	Binary bool
	// TimedOut is true where reading ended before the log did; CutLines counts lines that were too long.
	TimedOut bool
	CutLines int

	kept int
}

// ContainerError means that a pod has no container of that name.
type ContainerError struct {
	Name string
	Has  []string
}

// Error says so.
func (e *ContainerError) Error() string {
	return fmt.Sprintf("no container %q among %q", e.Name, e.Has)
}

// NoLogError means that the cluster has no such log, and why in its words.
type NoLogError struct{ Message string }

// Error says so.
func (e *NoLogError) Error() string { return "no log: " + e.Message }

// Logs reads a log. It ends after ten seconds at the latest, and keeps a mebibyte at most, however much there is.
func (c *Cluster) Logs(ctx context.Context, q LogQuery) (Log, error) {
	pod, err := c.podOf(ctx, q)
	if err != nil {
		return Log{}, err
	}
	container, err := containerOf(pod, q.Container)
	if err != nil {
		return Log{}, err
	}
	log := Log{Pod: pod.Name, Container: container}
	options := &corev1.PodLogOptions{Container: container, Previous: q.Previous}
	if q.Since > 0 {
		seconds := int64(math.Ceil(q.Since.Seconds()))
		options.SinceSeconds = &seconds
	}
	if q.Grep == nil {
		lines := int64(q.Tail)
		options.TailLines = &lines
	}
	reading, cancel := context.WithTimeout(ctx, logTime)
	defer cancel()
	stream, err := c.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, options).Stream(reading)
	if err != nil {
		return Log{}, logError(pod.Name, err)
	}
	err = log.read(stream, q)
	if err != nil && reading.Err() != nil && ctx.Err() == nil {
		log.TimedOut, err = true, nil
	}
	return log, errors.Join(err, stream.Close())
}

func logError(pod string, err error) error {
	var said apierrors.APIStatus
	if errors.As(err, &said) && apierrors.IsBadRequest(err) {
		return &NoLogError{Message: said.Status().Message}
	}
	return outside("read the log of "+pod, err)
}

// podOf reads the pod that a query means.
func (c *Cluster) podOf(ctx context.Context, q LogQuery) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	name := q.Pod
	if name == "" {
		pods, err := c.Pods(ctx, &q.Of, 1)
		if err != nil {
			return nil, err
		}
		if len(pods.Worst) == 0 {
			return nil, fmt.Errorf("pods of %s: %w", q.Of.Name, ErrNotFound)
		}
		name = pods.Worst[0].Name
	}
	namespace := cmp.Or(q.Namespace, q.Of.Namespace)
	pod, err := c.client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	return pod, outside("read pod "+name, err)
}

// FindPod says in which of the bot's namespaces there is a pod of exactly that name, in that one where it is named, or
// returns ErrNotFound.
func (c *Cluster) FindPod(ctx context.Context, namespace, name string) (where string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	for _, ns := range c.namespaces {
		if namespace != "" && ns != namespace {
			continue
		}
		_, err := c.client.CoreV1().Pods(ns).Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return ns, nil
		}
		if err = outside("read pod "+name, err); !errors.Is(err, ErrNotFound) {
			return "", err
		}
	}
	return "", fmt.Errorf("pod %s: %w", name, ErrNotFound)
}

const defaultContainer = "kubectl.kubernetes.io/default-container"

// containerOf picks a container: the one that is named, the one that fails, the one that the pod names as its main one, or
// the first.
func containerOf(p *corev1.Pod, name string) (string, error) {
	var all []string
	for i := range p.Spec.InitContainers {
		all = append(all, p.Spec.InitContainers[i].Name)
	}
	first := len(all)
	for i := range p.Spec.Containers {
		all = append(all, p.Spec.Containers[i].Name)
	}
	switch f := failureOf(p); {
	case name != "" && !slices.Contains(all, name):
		return "", &ContainerError{Name: name, Has: all}
	case name != "":
		return name, nil
	case f != nil && f.Container != "":
		return f.Container, nil
	case slices.Contains(all, p.Annotations[defaultContainer]):
		return p.Annotations[defaultContainer], nil
	case first < len(all):
		return all[first], nil
	}
	return "", &ContainerError{Has: all}
}

// read reads lines to the end of the stream, and keeps the newest.
func (l *Log) read(stream io.Reader, q LogQuery) error {
	in := bufio.NewReaderSize(stream, mostLine)
	for {
		line, rest, err := in.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
		line = bytes.Clone(line)
		l.Read += int64(len(line))
		if rest {
			l.CutLines++
		}
		for rest && err == nil {
			var more []byte
			more, rest, err = in.ReadLine()
			l.Read += int64(len(more))
		}
		l.keep(line, q)
	}
}

// keep takes one line in, and lets the oldest go where there is no room.
func (l *Log) keep(line []byte, q LogQuery) {
	if bytes.IndexByte(line, 0) >= 0 {
		l.Binary, l.Lines = true, nil
	}
	if l.Binary || q.Grep != nil && !q.Grep.Match(line) {
		return
	}
	l.Matched++
	l.kept += len(line) + 1
	l.Lines = append(l.Lines, line)
	gone := 0
	for len(l.Lines)-gone > q.Tail || l.kept > mostLogBytes {
		l.kept -= len(l.Lines[gone]) + 1
		l.Lines[gone] = nil
		gone++
	}
	l.Lines = l.Lines[gone:]
}
