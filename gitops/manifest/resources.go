package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// Amount is how much of something a container asks for and may use. What is empty is left as it is.
type Amount struct {
	Request string
	Limit   string
}

// String writes an amount as REQUEST:LIMIT, with a dash for what is not there.
func (a Amount) String() string {
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	return or(a.Request) + ":" + or(a.Limit)
}

// Compute is what a container gets of a node.
type Compute struct {
	CPU    Amount
	Memory Amount
}

// String writes what is set, as it is typed: cpu=100m:500m memory=256Mi:1Gi.
func (c Compute) String() string {
	var parts []string
	if c.CPU != (Amount{}) {
		parts = append(parts, "cpu="+c.CPU.String())
	}
	if c.Memory != (Amount{}) {
		parts = append(parts, "memory="+c.Memory.String())
	}
	return strings.Join(parts, " ")
}

// ResourcesEdit is what became of a container's requests and limits.
type ResourcesEdit struct {
	// Data is the whole file after the edit, and Line where it changes first.
	Data []byte
	Line int
	// Old and New are both sides of what was asked for, also those that stay.
	Old Compute
	New Compute
}

// Resources sets requests and limits of one container, and adds the lines that are not there. The container may be empty
// where there is one only, or one of the object's own name.
func Resources(file gitops.File, target gitops.Object, container string, want Compute) (ResourcesEdit, error) {
	p, c, err := edit(file, target, container)
	if err != nil {
		return ResourcesEdit{}, err
	}
	var result ResourcesEdit
	old, now := &result.Old, &result.New
	for _, side := range []struct {
		asked    Amount
		path     []string
		want     string
		old, now *string
	}{
		{want.CPU, []string{"requests", "cpu"}, want.CPU.Request, &old.CPU.Request, &now.CPU.Request},
		{want.Memory, []string{"requests", "memory"}, want.Memory.Request, &old.Memory.Request, &now.Memory.Request},
		{want.CPU, []string{"limits", "cpu"}, want.CPU.Limit, &old.CPU.Limit, &now.CPU.Limit},
		{want.Memory, []string{"limits", "memory"}, want.Memory.Limit, &old.Memory.Limit, &now.Memory.Limit},
	} {
		if side.asked == (Amount{}) {
			continue
		}
		if *side.old, *side.now, err = p.amount(c, side.path, side.want); err != nil {
			return ResourcesEdit{}, err
		}
	}
	edited, err := p.apply()
	if err != nil {
		return ResourcesEdit{}, err
	}
	if edited.Line == 0 {
		edited.Line = lineOf(c, "resources")
	}
	result.Data, result.Line = edited.Data, edited.Line
	return result, nil
}

// amount sets one value where one is wanted, and reads it where none is.
func (p *patch) amount(container *yaml.Node, path []string, want string) (old, now string, err error) {
	if want == "" {
		old = text(child(child(container, "resources"), path[0]), path[1])
		return old, old, nil
	}
	old, err = p.put(container, append([]string{"resources"}, path...), want)
	return old, want, err
}
