package k8sops

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// schemas are what the API server publishes of one group and version.
type schemas struct {
	url    string // with the hash of the content
	byKind map[string]*spec.Schema
}

// validate holds a manifest against the schema that the API server publishes for its kind, and finds fields that it does
// not know. A kind without a schema passes.
func (c *Cluster) validate(ctx context.Context, manifest []byte) ([]Obstacle, error) {
	var object map[string]any
	if err := yaml.Unmarshal(manifest, &object); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	version, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	published, err := c.published(ctx, version)
	if err != nil {
		return nil, err
	}
	schema, ok := published.byKind[kind]
	if !ok {
		return nil, nil
	}
	unknown := unknownFields(schema, object, "")
	dropNulls(object)
	var found []Obstacle
	for _, problem := range validate.NewSchemaValidator(schema, nil, "", strfmt.Default).Validate(object).Errors {
		field, text, _ := strings.Cut(problem.Error(), " ")
		found = append(found, Obstacle{Code: SchemaError, Field: strings.Trim(field, `"`), Problem: text})
	}
	for _, field := range unknown {
		found = append(found, Obstacle{Code: SchemaError, Field: field, Problem: "unknown field"})
	}
	return found, nil
}

// dropNulls removes the fields that have no value, which the API server takes for absent.
func dropNulls(value any) {
	switch v := value.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, inner any) bool { return inner == nil })
		for _, inner := range v {
			dropNulls(inner)
		}
	case []any:
		for _, inner := range v {
			dropNulls(inner)
		}
	}
}

// published returns the schemas of a group and version: one small call to see whether they changed, and one large call
// where they did.
func (c *Cluster) published(ctx context.Context, version string) (schemas, error) {
	path := "apis/" + version
	if !strings.Contains(version, "/") {
		path = "api/" + version
	}
	var index struct {
		Paths map[string]struct {
			URL string `json:"serverRelativeURL"`
		} `json:"paths"`
	}
	if err := c.fetch(ctx, "/openapi/v3", &index); err != nil {
		return schemas{}, err
	}
	url := index.Paths[path].URL
	if url == "" {
		return schemas{}, nil
	}
	c.mu.Lock()
	known := c.schemas[path]
	c.mu.Unlock()
	if known.url == url {
		return known, nil
	}
	var document spec3.OpenAPI
	if err := c.fetch(ctx, url, &document); err != nil {
		return schemas{}, err
	}
	fresh := schemas{url: url, byKind: byKind(document)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schemas[path] = fresh
	return fresh, nil
}

func (c *Cluster) fetch(ctx context.Context, url string, into any) error {
	text, err := c.client.Discovery().RESTClient().Get().RequestURI(url).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return outside("read published schema", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read published schema: %w", err)
	}
	return nil
}

// byKind finds the workloads' schemas and puts what they refer to in its place.
func byKind(document spec3.OpenAPI) map[string]*spec.Schema {
	found := map[string]*spec.Schema{}
	if document.Components == nil {
		return found
	}
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		for name, schema := range document.Components.Schemas {
			if strings.HasSuffix(name, "."+kind) {
				found[kind] = expand(schema, document.Components.Schemas, nil)
			}
		}
	}
	return found
}

const refPrefix = "#/components/schemas/"

// expand copies a schema with its references resolved. What refers to itself takes anything below.
func expand(s *spec.Schema, all map[string]*spec.Schema, above []string) *spec.Schema {
	if ref := s.Ref.String(); ref != "" {
		name := strings.TrimPrefix(ref, refPrefix)
		if slices.Contains(above, name) || all[name] == nil {
			return &spec.Schema{}
		}
		return expand(all[name], all, append(slices.Clone(above), name))
	}
	out := *s
	if len(s.AllOf) == 1 && len(s.Properties) == 0 { // how a reference with a default is written
		return expand(&s.AllOf[0], all, above)
	}
	if len(s.Type) == 0 {
		// The validator takes a format without a type for a type, and would refuse each number that is an int-or-string.
		out.Format = ""
	}
	expandBelow(&out, s, all, above)
	return &out
}

func expandBelow(out, s *spec.Schema, all map[string]*spec.Schema, above []string) {
	out.Properties = expandEach(s.Properties, all, above)
	if s.Items != nil && s.Items.Schema != nil {
		out.Items = &spec.SchemaOrArray{Schema: expand(s.Items.Schema, all, above)}
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		out.AdditionalProperties = &spec.SchemaOrBool{Allows: true, Schema: expand(s.AdditionalProperties.Schema, all, above)}
	}
}

func expandEach(properties map[string]spec.Schema, all map[string]*spec.Schema, above []string) map[string]spec.Schema {
	out := maps.Clone(properties)
	for name, property := range out {
		out[name] = *expand(&property, all, above)
	}
	return out
}

// unknownFields are the paths of fields that the schema does not name, which the API server would drop or refuse.
func unknownFields(s *spec.Schema, value any, path string) []string {
	var found []string
	switch v := value.(type) {
	case map[string]any:
		if len(s.Properties) == 0 {
			return nil
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			property, known := s.Properties[key]
			if !known {
				found = append(found, path+key)
				continue
			}
			found = append(found, unknownFields(&property, v[key], path+key+".")...)
		}
	case []any:
		if s.Items == nil || s.Items.Schema == nil {
			return nil
		}
		for i, item := range v {
			found = append(found, unknownFields(s.Items.Schema, item, fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i))...)
		}
	}
	return found
}
