package githubtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// workflowFolder is where GitHub looks for workflows.
const workflowFolder = ".github/workflows"

// workflow is what a file of the repository says that is to be run.
type workflow struct {
	path string
	name string
	// dispatch says that it can be started by hand, with these inputs.
	dispatch bool
	inputs   map[string]input
	jobs     []jobSpec
}

// input is a value that whoever starts a workflow gives.
type input struct {
	Required bool     `yaml:"required"`
	Default  string   `yaml:"default"`
	Type     string   `yaml:"type"`
	Options  []string `yaml:"options"`
}

// jobSpec is one job of a workflow.
type jobSpec struct {
	name  string
	needs []string
	steps []string
}

// id is made of the path, so that it stays the same for as long as the file does.
func (w workflow) id() int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(w.path))
	return int64(h.Sum32())
}

// is says whether a workflow is meant: by its id or by the name of its file.
func (w workflow) is(name string) bool {
	return name == path.Base(w.path) || name == strconv.FormatInt(w.id(), 10)
}

// workflows reads those of a commit, or of nothing where there is no folder of them.
func (s *Server) workflows(ctx context.Context, ref string) ([]workflow, error) {
	commit, err := s.git.commit(ctx, ref)
	if err != nil {
		return nil, err
	}
	folder, err := s.git.lookUp(ctx, commit, workflowFolder)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := s.git.list(ctx, folder.oid)
	if err != nil {
		return nil, err
	}
	var all []workflow
	for _, e := range entries {
		if ext := path.Ext(e.path); ext != ".yml" && ext != ".yaml" {
			continue
		}
		texts, err := s.git.blobs(ctx, []string{e.oid})
		if err != nil {
			return nil, err
		}
		w, err := parseWorkflow(workflowFolder+"/"+e.path, texts[0])
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// workflow finds one at a commit.
func (s *Server) workflow(ctx context.Context, ref, name string) (workflow, error) {
	all, err := s.workflows(ctx, ref)
	if err != nil {
		return workflow{}, err
	}
	i := slices.IndexFunc(all, func(w workflow) bool { return w.is(name) })
	if i < 0 {
		return workflow{}, errNotFound
	}
	return all[i], nil
}

// parseWorkflow reads as much of a file as is needed to run its jobs in order.
func parseWorkflow(file string, text []byte) (workflow, error) {
	var content struct {
		Name string    `yaml:"name"`
		On   yaml.Node `yaml:"on"`
		Jobs yaml.Node `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(text, &content); err != nil {
		return workflow{}, fmt.Errorf("read %s: %w", file, err)
	}
	w := workflow{path: file, name: cmp.Or(content.Name, file)}
	var err error
	if w.dispatch, w.inputs, err = parseTriggers(&content.On); err != nil {
		return workflow{}, fmt.Errorf("read %s: on: %w", file, err)
	}
	for i := 0; i+1 < len(content.Jobs.Content); i += 2 {
		job, err := parseJob(content.Jobs.Content[i].Value, content.Jobs.Content[i+1])
		if err != nil {
			return workflow{}, fmt.Errorf("read %s: jobs: %w", file, err)
		}
		w.jobs = append(w.jobs, job)
	}
	return w, nil
}

// parseTriggers says whether a workflow can be started by hand, and with which inputs.
func parseTriggers(on *yaml.Node) (byHand bool, inputs map[string]input, err error) {
	const name = "workflow_dispatch"
	switch on.Kind {
	case yaml.ScalarNode:
		return on.Value == name, nil, nil
	case yaml.SequenceNode:
		return slices.ContainsFunc(on.Content, func(n *yaml.Node) bool { return n.Value == name }), nil, nil
	case yaml.MappingNode:
		var triggers map[string]struct {
			Inputs map[string]input `yaml:"inputs"`
		}
		if err := on.Decode(&triggers); err != nil {
			return false, nil, err
		}
		trigger, ok := triggers[name]
		return ok, trigger.Inputs, nil
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return false, nil, nil
}

func parseJob(key string, node *yaml.Node) (jobSpec, error) {
	var content struct {
		Name  string                        `yaml:"name"`
		Needs yaml.Node                     `yaml:"needs"`
		Steps []struct{ Name, Uses string } `yaml:"steps"`
	}
	if err := node.Decode(&content); err != nil {
		return jobSpec{}, err
	}
	job := jobSpec{name: cmp.Or(content.Name, key)}
	switch content.Needs.Kind {
	case yaml.ScalarNode:
		job.needs = []string{content.Needs.Value}
	case yaml.SequenceNode:
		if err := content.Needs.Decode(&job.needs); err != nil {
			return jobSpec{}, err
		}
	case yaml.MappingNode, yaml.DocumentNode, yaml.AliasNode:
	}
	for _, step := range content.Steps {
		job.steps = append(job.steps, cmp.Or(step.Name, "Run "+step.Uses))
	}
	return job, nil
}

// fill checks the inputs of a start by hand and adds the defaults.
func (w workflow) fill(given map[string]any) (map[string]string, error) {
	filled := map[string]string{}
	for name, value := range given {
		if _, known := w.inputs[name]; !known {
			return nil, unprocessable("Unexpected inputs provided: [" + strconv.Quote(name) + "]")
		}
		filled[name] = fmt.Sprint(value)
	}
	for name, in := range w.inputs {
		value := cmp.Or(filled[name], in.Default)
		if value == "" && in.Required {
			return nil, unprocessable("Required input '" + name + "' not provided")
		}
		if value != "" && in.Type == "choice" && !slices.Contains(in.Options, value) {
			return nil, unprocessable("Provided value '" + value + "' for input '" + name +
				"' not in the list of allowed values: " + strings.Join(in.Options, ", "))
		}
		filled[name] = value
	}
	return filled, nil
}

func unprocessable(message string) *apiError {
	return &apiError{Status: http.StatusUnprocessableEntity, Message: message}
}
