package k8sops

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Node is a machine of the cluster.
type Node struct {
	Name    string
	Roles   []string
	Version string
	Created time.Time
	Ready   bool
	// Cordoned is true of a node that takes no new pods.
	Cordoned bool
	// Problems are the conditions that are not as they should be, in the cluster's words.
	Problems []NodeProblem
	// CPU and Memory are what pods may ask for in all; those Asked for are what the pods of the bot's namespaces do.
	CPU         resource.Quantity
	Memory      resource.Quantity
	AskedCPU    resource.Quantity
	AskedMemory resource.Quantity
	Pods        int
}

// NodeProblem is a condition of a node that is not as it should be.
type NodeProblem struct {
	Type    string
	Reason  string
	Message string
	Since   time.Time
}

// Good reports whether there is nothing to say about a node.
func (n *Node) Good() bool { return n.Ready && !n.Cordoned && len(n.Problems) == 0 }

// Nodes lists the nodes, the worst first, with what the pods of the bot's namespaces ask of each.
func (c *Cluster) Nodes(ctx context.Context) ([]Node, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	list, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, outside("list nodes", err)
	}
	nodes := make([]Node, len(list.Items))
	byName := map[string]*Node{}
	for i := range list.Items {
		nodes[i] = ofNode(&list.Items[i])
		byName[nodes[i].Name] = &nodes[i]
	}
	for _, ns := range c.namespaces {
		if err := c.eachPod(ctx, ns, nil, func(p *corev1.Pod) { byName[p.Spec.NodeName].carries(p) }); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Name, b.Name))
	})
	return nodes, nil
}

func (n *Node) rank() int {
	switch {
	case !n.Ready:
		return 0
	case len(n.Problems) > 0:
		return 1
	case n.Cordoned:
		return 2
	}
	return 3
}

// carries adds what a pod that has not ended asks of its node.
func (n *Node) carries(p *corev1.Pod) {
	if n == nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		return
	}
	n.Pods++
	for i := range p.Spec.Containers {
		n.AskedCPU.Add(*p.Spec.Containers[i].Resources.Requests.Cpu())
		n.AskedMemory.Add(*p.Spec.Containers[i].Resources.Requests.Memory())
	}
}

const rolePrefix = "node-role.kubernetes.io/"

func ofNode(o *corev1.Node) Node {
	n := Node{
		Name: o.Name, Version: o.Status.NodeInfo.KubeletVersion, Created: o.CreationTimestamp.Time, Cordoned: o.Spec.Unschedulable,
		CPU: *o.Status.Allocatable.Cpu(), Memory: *o.Status.Allocatable.Memory(),
	}
	for key := range o.Labels {
		if role, ok := strings.CutPrefix(key, rolePrefix); ok {
			n.Roles = append(n.Roles, role)
		}
	}
	slices.Sort(n.Roles)
	for _, c := range o.Status.Conditions {
		good := corev1.ConditionFalse // every other condition tells of trouble
		if c.Type == corev1.NodeReady {
			good = corev1.ConditionTrue
			n.Ready = c.Status == good
		}
		if c.Status != good {
			n.Problems = append(n.Problems, NodeProblem{Type: string(c.Type), Reason: c.Reason, Message: c.Message, Since: c.LastTransitionTime.Time})
		}
	}
	return n
}
