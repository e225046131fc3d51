package part

import (
	"bytes"
	"os"
)

// tailLines and tailBytes are how much of a log a death quotes.
const (
	tailLines = 20
	tailBytes = 16 << 10
)

// tail gives the last lines of a log, or says why it cannot.
func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return lastLines(content)
}

func lastLines(content []byte) string {
	content = bytes.TrimRight(content, "\n")
	content = content[max(0, len(content)-tailBytes):]
	lines := bytes.Split(content, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-tailLines):], []byte("\n")))
}
