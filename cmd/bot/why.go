package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"rtbot/chat/console"
	"rtbot/handlers/cards"
	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
	"rtbot/lang"
)

type whyCommand struct {
	File     []string `help:"What kubectl get -o yaml printed: the pod, and whatever else is known. May be given again." short:"f" placeholder:"FILE" required:"" type:"path"`
	Events   []string `help:"The pod's events, likewise." placeholder:"FILE" type:"path"`
	JSON     bool     `help:"Print the findings as JSON."`
	Language string   `help:"The language of the answer, as en or fr." placeholder:"TAG" default:"en"`
}

// Run explains a pod from files, without a cluster and without a registry.
func (c whyCommand) Run(p program) error {
	var files [][]byte
	for _, name := range append(c.File, c.Events...) {
		text, err := readInput(name, p.in)
		if err != nil {
			return err
		}
		files = append(files, text)
	}
	e, err := k8sops.ExplainRecorded(time.Now(), files...)
	if err != nil {
		return err
	}
	catalog, err := lang.Load()
	if err != nil {
		return err
	}
	words := catalog.For(c.Language)
	if c.JSON {
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(explained{Findings: worded(words, e.Findings)})
	}
	_, err = io.WriteString(p.out, console.Render(cards.Maker{}.Why(words, e, nil)))
	return err
}

// mostInput bounds one file.
const mostInput = 64 << 20

// readInput reads a file, or what is piped in where it is called -.
func readInput(name string, in io.Reader) ([]byte, error) {
	if filepath.Base(name) == "-" {
		return io.ReadAll(io.LimitReader(in, mostInput))
	}
	f, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostInput))
}

// explained is what programs read.
type explained struct {
	Findings []explainedFinding `json:"findings"`
}

type explainedFinding struct {
	Code       string   `json:"code"`
	Reason     string   `json:"reason"`
	Container  string   `json:"container,omitempty"`
	Headline   string   `json:"headline"`
	Cause      string   `json:"cause"`
	Resolution string   `json:"resolution"`
	Evidence   []string `json:"evidence"`
}

func worded(w lang.Words, found []diagnose.Finding) []explainedFinding {
	all := make([]explainedFinding, 0, len(found))
	for _, f := range found {
		all = append(all, explainedFinding{
			Code: string(f.Code), Reason: string(f.Reason), Container: f.Container, Headline: cards.Headline(w, f),
			Cause: cards.Cause(w, f), Resolution: cards.Resolution(w, f), Evidence: cards.Evidence(w, f),
		})
	}
	return all
}
