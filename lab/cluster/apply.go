package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/restmapper"
)

// Manager is the field manager of what the lab applies of its own.
const Manager = "lab"

// bufferSize is the first buffer of the YAML reader.
const bufferSize = 4096

// Apply makes the objects so in the cluster, in their order. What another manager has set in the same object stays.
func (c Clients) Apply(ctx context.Context, manager string, objects []*unstructured.Unstructured) error {
	groups, err := restmapper.GetAPIGroupResources(c.Typed.Discovery())
	if err != nil {
		return fmt.Errorf("ask which kinds there are: %w", err)
	}
	kinds := restmapper.NewDiscoveryRESTMapper(groups)
	for _, o := range objects {
		if err := c.apply(ctx, kinds, manager, o); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (c Clients) apply(ctx context.Context, kinds meta.RESTMapper, manager string, o *unstructured.Unstructured) error {
	kind := o.GroupVersionKind()
	mapping, err := kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	options := metav1.ApplyOptions{FieldManager: manager, Force: true}
	all := c.Dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		_, err = all.Apply(ctx, o.GetName(), o, options)
		return err
	}
	_, err = all.Namespace(o.GetNamespace()).Apply(ctx, o.GetName(), o, options)
	return err
}

// Read gives the objects of all YAML files of a folder, in the order of their names.
func Read(files fs.FS, folder string) ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var objects []*unstructured.Unstructured
	for _, name := range names {
		found, err := readFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

func readFile(files fs.FS, name string) ([]*unstructured.Unstructured, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return Decode(file)
}

// Decode gives the objects of a YAML stream.
func Decode(r io.Reader) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(r, bufferSize)
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(o.Object) > 0 { // a document of comments alone has nothing
			objects = append(objects, o)
		}
	}
}
