package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"rtbot/gitops"
)

// Difference is one field that differs. What is not there is empty.
type Difference struct {
	// Path are the keys down to the field. An element of a list is named by its name, as [gitea], else by its place, as [0].
	Path   []string
	Before string
	After  string
}

// Field writes the path as people do: spec.template.spec.containers[gitea].image.
func (d Difference) Field() string {
	return strings.ReplaceAll(strings.Join(d.Path, "."), ".[", "[")
}

// Differ compares two objects field by field, sorted by path. A whole part that is only in one of them is one difference.
func Differ(before, after map[string]any) []Difference {
	var found []Difference
	differ(nil, before, after, &found)
	slices.SortFunc(found, func(a, b Difference) int { return cmp.Compare(a.Field(), b.Field()) })
	return found
}

// DifferInFile compares an object as a file declares it before and after. What cannot be read has no differences.
func DifferInFile(before, after gitops.File, target gitops.Object) []Difference {
	return Differ(read(before, target), read(after, target))
}

func read(file gitops.File, target gitops.Object) map[string]any {
	document, err := Document(file, target)
	if err != nil {
		return nil
	}
	var object map[string]any
	if yaml.Unmarshal(document, &object) != nil {
		return nil
	}
	return object
}

func differ(path []string, before, after any, found *[]Difference) {
	a, b := keyed(before), keyed(after)
	if a == nil || b == nil {
		if x, y := textOf(before), textOf(after); x != y {
			*found = append(*found, Difference{Path: path, Before: x, After: y})
		}
		return
	}
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		differ(append(slices.Clip(path), k), a[k], b[k], found)
	}
}

// keyed gives a mapping, or a list by the names of its elements; nil for what is neither.
func keyed(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		byName := map[string]any{}
		for i, element := range v {
			m, _ := element.(map[string]any)
			name, ok := m["name"].(string)
			if !ok {
				name = strconv.Itoa(i)
			}
			byName["["+name+"]"] = element
		}
		if len(byName) == len(v) {
			return byName
		}
	}
	return nil
}

// textOf is a value as text: a scalar as it is, the rest as JSON.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any, []any:
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(text)
	}
	return fmt.Sprint(v)
}
