package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func (c Cluster) kwokConfig() string { return filepath.Join(c.dir, "kwok.yaml") }
func (c Cluster) podsLog() string    { return filepath.Join(c.dir, "pods.log") }

// logLines are what every container of the lab has written: a start, a password that has no business in a log, and work.
func logLines() []string {
	lines := []string{
		"starting", "connecting to postgres://forge:not-for-the-chat@postgres:5432/forge", "listening on :8080",
	}
	for i := range 200 {
		status := 200
		if i%50 == 49 {
			status = 500
		}
		lines = append(lines, fmt.Sprintf("GET /api/v1/repos/%d status=%d took=%dms", i, status, 3+i%17))
	}
	return lines
}

// writeLogs writes the containers' log, as a container runtime keeps it, and the configuration by which KWOK finds it.
func (c Cluster) writeLogs() error {
	now := time.Now() //nolint:forbidigo // a log tells the real time
	var log strings.Builder
	for i, line := range logLines() {
		at := now.Add(time.Duration(i) * time.Millisecond).UTC().Format(time.RFC3339Nano)
		fmt.Fprintf(&log, "%s stdout F %s\n", at, line)
	}
	config := fmt.Sprintf(`apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata:
  name: all
spec:
  logs:
    - logsFile: %[1]q
      previousLogsFile: %[1]q
`, c.podsLog())
	return errors.Join(
		os.WriteFile(c.podsLog(), []byte(log.String()), 0o600),
		os.WriteFile(c.kwokConfig(), []byte(config), 0o600),
	)
}
