package argocd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apiclient/application"
	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"rtbot/gitops"
	"rtbot/gitops/manifest"
)

// Drift is how one object of an Application differs from Git.
type Drift struct {
	gitops.Object
	Application string
	// Missing is true of an object that is in Git only, and Extra of one that is in the cluster only.
	Missing bool
	Extra   bool
	Fields  []Field
}

// Field is a field that differs. Of a secret's values nothing is known but that they differ.
type Field struct {
	Path []string
	Git  string
	Live string
	// Manager is who wrote the field last and At when, as the cluster remembers it; empty where it does not, as of a field
	// that was taken out.
	Manager string
	At      time.Time
}

// Drift compares an Application's objects with Git field by field, or only the one that is given, as Argo CD does: what it
// ignores is no difference.
func (c *Client) Drift(ctx context.Context, name string, only *gitops.Object) ([]Drift, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	query := &application.ResourcesQuery{ApplicationName: &name}
	if only != nil {
		query.Group, query.Kind, query.Namespace, query.Name = &only.Group, &only.Kind, &only.Namespace, &only.Name
	}
	got, err := c.apps.ManagedResources(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", name, outside(err))
	}
	var found []Drift
	for _, r := range got.Items {
		d, err := compared(r)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %s %s: %w", name, r.Kind, r.Name, err)
		}
		if d.Application = name; d.Missing || d.Extra || len(d.Fields) > 0 {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b Drift) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace))
	})
	return found, nil
}

// compared reads one object's states.
func compared(r *v1alpha1.ResourceDiff) (Drift, error) {
	d := Drift{Object: gitops.Object{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}}
	if r.Hook {
		return d, nil
	}
	if d.Missing, d.Extra = absent(r.LiveState), absent(r.TargetState); d.Missing || d.Extra {
		return d, nil
	}
	live, err := state(r.LiveState)
	normal, also := state(cmp.Or(r.NormalizedLiveState, r.LiveState))
	predicted, too := state(cmp.Or(r.PredictedLiveState, r.TargetState))
	if err := errors.Join(err, also, too); err != nil {
		return d, fmt.Errorf("read state: %w", err)
	}
	d.Fields = fields(manifest.Differ(predicted, normal), ownersOf(live))
	if r.Kind == "Secret" && r.Group == "" {
		withhold(d.Fields)
	}
	return d, nil
}

// fields are the differences that somebody made, with who did.
func fields(differences []manifest.Difference, owners owners) []Field {
	var found []Field
	for _, diff := range differences {
		if slices.ContainsFunc(ownMatters, func(keys []string) bool { return of(diff.Path, keys...) }) {
			continue
		}
		f := Field{Path: diff.Path, Git: diff.Before, Live: diff.After}
		f.Manager, f.At = owners.of(diff.Path)
		found = append(found, f)
	}
	return found
}

// withhold takes the values out of a secret's fields.
func withhold(fields []Field) {
	for i := range fields {
		if of(fields[i].Path, "data") || of(fields[i].Path, "stringData") {
			fields[i].Git, fields[i].Live = "", ""
		}
	}
}

// ownMatters are what the cluster keeps of an object for itself.
var ownMatters = [][]string{{"status"}, {"metadata", "managedFields"}, {"metadata", "resourceVersion"}, {"metadata", "generation"}}

func state(text string) (object map[string]any, err error) {
	err = json.Unmarshal([]byte(text), &object)
	return object, err
}

// absent reports whether Argo CD has no such state.
func absent(state string) bool { return state == "" || state == "null" }

// of reports whether a path begins with these keys.
func of(path []string, keys ...string) bool {
	return len(path) >= len(keys) && slices.Equal(path[:len(keys)], keys)
}

// owner is who wrote some fields, and when.
type owner struct {
	Manager     string         `json:"manager"`
	Subresource string         `json:"subresource"`
	Time        time.Time      `json:"time"`
	Fields      map[string]any `json:"fieldsV1"`
}

type owners []owner

// ownersOf reads an object's managedFields. What cannot be read says nothing.
func ownersOf(live map[string]any) owners {
	var object struct {
		Metadata struct {
			ManagedFields owners `json:"managedFields"`
		} `json:"metadata"`
	}
	text, err := json.Marshal(live)
	if err != nil || json.Unmarshal(text, &object) != nil {
		return nil
	}
	return object.Metadata.ManagedFields
}

// of finds who wrote a field last.
func (all owners) of(path []string) (manager string, at time.Time) {
	for _, o := range all {
		if o.Subresource == "status" || !owns(o.Fields, path) {
			continue
		}
		if manager == "" || o.Time.After(at) {
			manager, at = o.Manager, o.Time
		}
	}
	return manager, at
}

// owns walks down a set of fields. A set that ends above the field has all that is below.
func owns(fields map[string]any, path []string) bool {
	for _, key := range path {
		next, ok := step(fields, key)
		if !ok {
			return false
		}
		if len(next) == 0 {
			return true
		}
		fields = next
	}
	return true
}

// step goes down one key: a field by its name, an element of a list by the name in its key.
func step(fields map[string]any, key string) (map[string]any, bool) {
	name, element := strings.CutPrefix(key, "[")
	if !element {
		next, ok := fields["f:"+key].(map[string]any)
		return next, ok
	}
	name = strings.TrimSuffix(name, "]")
	for k, v := range fields {
		var by map[string]any
		text, keyed := strings.CutPrefix(k, "k:")
		if next, ok := v.(map[string]any); keyed && ok && json.Unmarshal([]byte(text), &by) == nil && by["name"] == name {
			return next, true
		}
	}
	return nil, false
}
