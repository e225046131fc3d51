package kubelet

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// perNode is how many addresses of pods there are in one range.
const perNode = 250

// pod is what has become of a pod so far.
type pod struct {
	kubelet *Kubelet
	uid     types.UID
	address string
	started metav1.Time

	mu      sync.Mutex
	mounted bool
	inits   []*container
	mains   []*container
}

func newPod(k *Kubelet, object *corev1.Pod, n int) *pod {
	p := &pod{
		kubelet: k, uid: object.UID, started: stamp(k.now()),
		address: fmt.Sprintf("10.244.%d.%d", n/perNode%perNode, n%perNode+1),
	}
	for i := range object.Spec.InitContainers {
		p.inits = append(p.inits, &container{pod: p, spec: &object.Spec.InitContainers[i], init: true})
	}
	for i := range object.Spec.Containers {
		p.mains = append(p.mains, &container{pod: p, spec: &object.Spec.Containers[i]})
	}
	return p
}

// advance takes the pod as far as it gets now, and says when to look again; 0 is never.
func (p *pod) advance(ctx context.Context, object *corev1.Pod) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.mounted {
		if err := p.kubelet.mount(ctx, object); err != nil {
			p.kubelet.event(object, corev1.EventTypeWarning, "FailedMount", err.Error(), "")
			return missing
		}
		p.mounted = true
	}
	for _, c := range p.inits {
		if again := c.advance(ctx, object); !c.over() {
			return again
		}
	}
	var soonest time.Duration
	for _, c := range p.mains {
		if again := c.advance(ctx, object); again > 0 && (soonest == 0 || again < soonest) {
			soonest = again
		}
	}
	return soonest
}
