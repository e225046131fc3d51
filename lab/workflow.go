package lab

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"rtbot/gitops/github/githubtest"
	"rtbot/lab/argo"
	"rtbot/lab/forge"
	"rtbot/lab/part"
)

// The workflow of the guide, its secret at GitHub, and what its third job makes of that in the cluster.
const (
	workflowFile   = "infra.yml"
	dockerPassword = "DOCKER_PASSWORD"
	pullSecret     = "dockerhub-auth-secret" //nolint:gosec // it is its name
	secretLayer    = "layer-01-initialisation"
	// workflowManager is the field manager of what the workflow applies.
	workflowManager = "github-actions"
)

// job does what a job of infra.yml does.
func (l *lab) job(ctx context.Context, j githubtest.Job) error {
	switch j.Name {
	case "terraform":
		return l.terraform(j)
	case "argocd":
		return l.handToArgo(ctx, j)
	case "infra-secrets":
		return l.renewSecret(ctx, j)
	default:
		return fmt.Errorf("nobody here knows what %q does", j.Name)
	}
}

// terraform has nothing to build here; it leaves the way in.
func (l *lab) terraform(j githubtest.Job) error {
	kubeconfig, err := os.ReadFile(l.cluster.Kubeconfig())
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(j.Log, "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n")
	j.Upload("kubeconfig.yaml", kubeconfig)
	return err
}

// handToArgo applies the Applications.
func (l *lab) handToArgo(ctx context.Context, j githubtest.Job) error {
	files, err := forge.Files()
	if err != nil {
		return err
	}
	if err := argo.Add(ctx, l.clients, files, "k8s/argocd", l.gitURL()); err != nil {
		return err
	}
	_, err = fmt.Fprint(j.Log, "application.argoproj.io/layer-01-initialisation serverside-applied\n",
		"application.argoproj.io/layer-02-database serverside-applied\n", "application.argoproj.io/layer-03-apps serverside-applied\n")
	return err
}

// renewSecret makes the pull secret from what GitHub holds.
func (l *lab) renewSecret(ctx context.Context, j githubtest.Job) error {
	if err := l.applyPullSecret(ctx, dockerConfig(dockerUser, l.tokens.docker)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(j.Log, "secret/%s serverside-applied\n", pullSecret)
	return err
}

// applyPullSecret gives the pull secret its content, its label and the options that keep Argo CD from minding it.
func (l *lab) applyPullSecret(ctx context.Context, config []byte) error {
	secret := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
		"metadata": map[string]any{
			"name": pullSecret, "namespace": appNamespace,
			"labels": map[string]any{"app.kubernetes.io/instance": secretLayer},
			"annotations": map[string]any{
				"argocd.argoproj.io/sync-options":    "Prune=false",
				"argocd.argoproj.io/compare-options": "IgnoreExtraneous",
			},
		},
		"data": map[string]any{".dockerconfigjson": base64.StdEncoding.EncodeToString(config)},
	}}
	return l.clients.Apply(ctx, workflowManager, []*unstructured.Unstructured{secret})
}

// dockerConfig is what `kubectl create secret docker-registry` writes.
func dockerConfig(user, password string) []byte {
	text, err := json.Marshal(map[string]any{"auths": map[string]any{"https://index.docker.io/v1/": map[string]string{
		"username": user, "password": password, "auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password)),
	}}})
	if err != nil { // strings can always be written
		return nil
	}
	return text
}

// firstRun starts the workflow as a person would, and waits until it is through.
func (l *lab) firstRun(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{"ref": forge.Branch, "return_run_details": true})
	if err != nil {
		return err
	}
	var started struct {
		URL string `json:"run_url"`
	}
	path := fmt.Sprintf("/repos/%s/%s/actions/workflows/%s/dispatches", owner, repository, workflowFile)
	if err := l.askGitHub(ctx, http.MethodPost, l.urls.github+path, body, &started); err != nil {
		return err
	}
	return part.Until(ctx, func(ctx context.Context) error {
		var run struct{ Status, Conclusion string }
		if err := l.askGitHub(ctx, http.MethodGet, started.URL, nil, &run); err != nil {
			return err
		}
		if run.Conclusion != "success" {
			return fmt.Errorf("%s is %s %s", workflowFile, run.Status, run.Conclusion)
		}
		return nil
	})
}

func (l *lab) askGitHub(ctx context.Context, method, url string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+l.tokens.labGitHub)
	response, err := l.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, url, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}

// early makes mon-app before the ServiceAccount is patched: its pod has no pull secret and has to be restarted to get one.
func (l *lab) early(ctx context.Context) error {
	files, err := forge.Files()
	if err != nil {
		return err
	}
	objects, err := manifestsOf(files, appNamespace, earlyApp)
	if err != nil {
		return err
	}
	if err := l.clients.Apply(ctx, "kubectl", objects[:1]); err != nil {
		return err
	}
	err = part.Until(ctx, func(ctx context.Context) error {
		_, err := l.clients.Typed.CoreV1().ServiceAccounts(appNamespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	if err != nil {
		return err
	}
	if err := l.clients.Apply(ctx, "kubectl", objects[1:]); err != nil {
		return err
	}
	return part.Until(ctx, func(ctx context.Context) error {
		pods, err := l.clients.Typed.CoreV1().Pods(appNamespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + earlyApp})
		if err == nil && len(pods.Items) == 0 {
			err = fmt.Errorf("%s has no pod", earlyApp)
		}
		return err
	})
}
