package part

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are chosen below those that the kernel gives to outgoing connections, which could otherwise take one between
// its choice and its use.
const (
	firstPort = 15000
	lastPort  = 32000
	portTries = 1000
)

// Address gives 127.0.0.1 with the port.
func Address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// FreePorts chooses ports that nothing listens on, all different.
func FreePorts(ctx context.Context, n int) ([]int, error) {
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range portTries {
		if len(ports) == n {
			return ports, nil
		}
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // a port is no secret
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", Address(port))
		if err != nil {
			continue // taken: another one will do
		}
		ports, held = append(ports, port), append(held, listener)
	}
	return nil, fmt.Errorf("%d of %d ports were free", len(ports), n)
}
