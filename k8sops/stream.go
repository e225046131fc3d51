package k8sops

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

// eachPod lists the pods of a namespace, all or those that a selector takes, from the API server's cache, and hands them over
// one by one as they come: however many there are, one of them is in memory.
func (c *Cluster) eachPod(ctx context.Context, namespace string, selector *metav1.LabelSelector, do func(*corev1.Pod)) (err error) {
	doing := "list pods of " + namespace
	options := &metav1.ListOptions{ResourceVersion: "0"}
	if selector != nil {
		options.LabelSelector = metav1.FormatLabelSelector(selector)
	}
	stream, err := c.client.CoreV1().RESTClient().Get().Namespace(namespace).Resource("pods").
		SetHeader("Accept", "application/vnd.kubernetes.protobuf").VersionedParams(options, scheme.ParameterCodec).Stream(ctx)
	if err != nil {
		return outside(doing, err)
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	if err := readPods(stream, do); err != nil {
		return outside(doing, err)
	}
	return nil
}

// The parts of what is read: the list is in the raw field of an envelope, and its items are what is wanted.
const (
	envelope   = "k8s\x00"
	fieldRaw   = 2
	fieldItems = 2
	// largestPod is more than etcd stores.
	largestPod = 8 << 20
)

// readPods reads a list of pods in Kubernetes' protobuf encoding.
func readPods(r io.Reader, do func(*corev1.Pod)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var magic [len(envelope)]byte
	if _, err := io.ReadFull(in, magic[:]); err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	if string(magic[:]) != envelope {
		return errors.New("read list: not in the encoding that was asked for")
	}
	return eachField(in, func(field uint64, size int64) (bool, error) {
		if field != fieldRaw {
			return false, nil
		}
		list := bufio.NewReader(io.LimitReader(in, size))
		return true, eachField(list, func(field uint64, size int64) (bool, error) {
			if field != fieldItems {
				return false, nil
			}
			return true, readPod(list, size, do)
		})
	})
}

func readPod(in io.Reader, size int64, do func(*corev1.Pod)) error {
	if size > largestPod {
		return fmt.Errorf("read pod: it has %d bytes", size)
	}
	var text bytes.Buffer
	if n, err := io.CopyN(&text, in, size); err != nil {
		return fmt.Errorf("read pod: %d of %d bytes: %w", n, size, err)
	}
	var pod corev1.Pod
	if err := pod.Unmarshal(text.Bytes()); err != nil {
		return fmt.Errorf("read pod: %w", err)
	}
	do(&pod)
	return nil
}

// eachField walks the fields of a protobuf message to its end. read reads a field that has a size, or leaves it to be
// passed over.
func eachField(in *bufio.Reader, read func(field uint64, size int64) (done bool, err error)) error {
	for {
		key, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read field: %w", err)
		}
		value, err := binary.ReadUvarint(in) // a number, or the size of what follows
		if err != nil {
			return fmt.Errorf("read field: %w", err)
		}
		const sized = 2
		if key&7 != sized {
			continue
		}
		done, err := read(key>>3, int64(min(value, 1<<40)))
		if err == nil && !done {
			_, err = io.CopyN(io.Discard, in, int64(min(value, 1<<40)))
		}
		if err != nil {
			return err
		}
	}
}
