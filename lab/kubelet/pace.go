package kubelet

import "time"

// Pace is how long things take.
type Pace struct {
	// First is how long a kubelet waits after the first failure; it waits twice as long after each, up to Most.
	First, Most time.Duration
}

// The lab's pace, and that of a pod which has failed for so long that it waits five minutes between two tries.
var (
	Quick = Pace{First: time.Second, Most: 15 * time.Second}
	Slow  = Pace{First: 5 * time.Minute, Most: 5 * time.Minute}
)

// How long a failed pull shows its own error, a container runs that fails, what is missing is looked for again, and
// between two probes.
const (
	shown   = 700 * time.Millisecond
	runs    = 300 * time.Millisecond
	missing = 2 * time.Second
	probes  = 5 * time.Second
)

// SetPace changes how long the waits that begin from now on take.
func (k *Kubelet) SetPace(p Pace) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pace = p
}

// wait is how long to wait after so many failures.
func (k *Kubelet) wait(failures int) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	d := k.pace.First
	for range failures - 1 {
		d = min(2*d, k.pace.Most)
	}
	return d
}
