package registry

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layerSize is how large the one layer of an image is.
const layerSize = 512

// Image is one that the registry keeps.
type Image struct {
	// Repository is as Docker Hub has it: "library/nginx", "gitea/gitea".
	Repository string
	Tags       []string
	// Architecture is "amd64" where there is none.
	Architecture string
}

// keep makes an image of random bytes for one platform, and stores an index of it under each of its tags.
func (r *Registry) keep(ctx context.Context, i Image) error {
	platform := v1.Platform{OS: "linux", Architecture: "amd64"}
	if i.Architecture != "" {
		platform.Architecture = i.Architecture
	}
	content := make([]byte, layerSize)
	_, _ = rand.Read(content)
	layer, err := r.putBlob(ctx, i.Repository, types.OCIUncompressedLayer, content)
	if err != nil {
		return err
	}
	config, err := r.putJSON(ctx, i.Repository, types.OCIConfigJSON, v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{layer.Digest}},
	})
	if err != nil {
		return err
	}
	image, text, err := describe(types.OCIManifestSchema1, v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{layer},
	})
	if err != nil {
		return err
	}
	if err := r.put(ctx, http.MethodPut, manifestPath(i.Repository, image.Digest.String()), image.MediaType, text); err != nil {
		return err
	}
	image.Platform = &platform
	index, text, err := describe(types.OCIImageIndex, v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{image},
	})
	if err != nil {
		return err
	}
	for _, tag := range i.Tags {
		if err := r.put(ctx, http.MethodPut, manifestPath(i.Repository, tag), index.MediaType, text); err != nil {
			return err
		}
	}
	return nil
}

// describe writes a manifest and says what it is called.
func describe(kind types.MediaType, manifest any) (v1.Descriptor, []byte, error) {
	text, err := json.Marshal(manifest)
	if err != nil {
		return v1.Descriptor{}, nil, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(text))
	return v1.Descriptor{MediaType: kind, Digest: digest, Size: size}, text, err
}

func (r *Registry) putJSON(ctx context.Context, repository string, kind types.MediaType, content any) (v1.Descriptor, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return v1.Descriptor{}, err
	}
	return r.putBlob(ctx, repository, kind, text)
}

func (r *Registry) putBlob(ctx context.Context, repository string, kind types.MediaType, content []byte) (v1.Descriptor, error) {
	digest, size, err := v1.SHA256(bytes.NewReader(content))
	if err != nil {
		return v1.Descriptor{}, err
	}
	path := "/v2/" + repository + "/blobs/uploads/?digest=" + digest.String()
	return v1.Descriptor{MediaType: kind, Digest: digest, Size: size}, r.put(ctx, http.MethodPost, path, "application/octet-stream", content)
}

func manifestPath(repository, reference string) string {
	return "/v2/" + repository + "/manifests/" + reference
}

// put hands a request to the store itself, past everything that asks who it is from.
func (r *Registry) put(ctx context.Context, method, path string, kind types.MediaType, content []byte) error {
	request := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(content))
	request.Header.Set("Content-Type", string(kind))
	answer := httptest.NewRecorder()
	r.store.ServeHTTP(answer, request)
	if answer.Code != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	return nil
}
