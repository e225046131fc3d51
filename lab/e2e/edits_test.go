//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// memoryOf is what gitea's container asks for and may use in the cluster.
func memoryOf(t *testing.T, name string) string {
	t.Helper()
	d, err := cluster(t).AppsV1().Deployments("rt").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := d.Spec.Template.Spec.Containers[0].Resources
	return r.Requests.Memory().String() + ":" + r.Limits.Memory().String()
}

func TestResourcesAreChangedAndTakenBack(t *testing.T) {
	serve(t)
	must(t, 0, "/rt sync nginx-front")
	before, was := head(t), memoryOf(t, "gitea")
	card := must(t, 0, "/rt resources gitea memory=300Mi:600Mi")
	wants(t, card, "gitea: memory is now 300Mi:600Mi", "verified", "undo ")
	if got := memoryOf(t, "gitea"); got != "300Mi:600Mi" {
		t.Errorf("the cluster has %s", got)
	}
	if n, changed := commits(t, before); n != 1 || len(changed) == 0 || strings.Contains(strings.Join(changed, ";"), "image") {
		t.Errorf("got %d commits that change %q, want one of the memory alone", n, changed)
	}
	wants(t, must(t, 0, "/rt resources gitea memory=300Mi:600Mi"), "memory is already 300Mi:600Mi")
	wants(t, must(t, 2, "/rt resources gitea memory=900Gi"), "No node is large enough")
	wants(t, must(t, 0, "/rt history gitea"), "gitea: set memory", "alice")
	wants(t, must(t, 0, "/rt status gitea"), "Last change: gitea: set memory", "alice")

	wants(t, must(t, 0, "/rt undo"), "verified")
	if got := memoryOf(t, "gitea"); got != was {
		t.Errorf("the cluster has %s, want %s as before", got, was)
	}
	if diff := git(t, "diff", before, "main", "--", "k8s/03-apps/gitea.yaml"); diff != "" {
		t.Errorf("the file differs from what it was:\n%s", diff)
	}
}

func TestAScaleIsUndoneByItsOperation(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale gitea 1")
	card := must(t, 0, "/rt scale gitea 2")
	_, rest, _ := strings.Cut(card, "/rt undo ")
	op, _, _ := strings.Cut(rest, "\n")
	wants(t, must(t, 0, "/rt undo "+strings.TrimSpace(op)), "gitea: replicas is now 1")
	must(t, 0, "/rt scale gitea 3")
	wants(t, must(t, 2, "/rt undo "+strings.TrimSpace(op)), "A later commit changed the same lines", "replicas: 3")
	wants(t, must(t, 0, "/rt undo gitea"), "gitea: replicas is now 1")
}

func TestDriftIsNamedPutBackAndTakenIntoGit(t *testing.T) {
	serve(t)
	must(t, 0, "/rt sync nginx-front")
	wants(t, must(t, 0, "/rt drift nginx-front"), "nginx-front is as Git says.")
	wants(t, must(t, 0, "/rt sync nginx-front"), "nginx-front is already as Git says.")
	replicas, _ := running(t, "nginx-front")
	byHand := replicas + 1

	editByHand(t, "nginx-front", int(byHand))
	command := fmt.Sprintf("scale nginx-front %d", byHand)
	wants(t, must(t, 0, "/rt drift nginx-front"), "nginx-front differs from Git in one field.", "replicas", "kubectl-edit", "/rt sync nginx-front", "/rt "+command)
	wants(t, must(t, 0, "--language", "fr", "/rt drift nginx-front"), "nginx-front diffère de Git par un champ.", "kubectl-edit")
	wants(t, must(t, 0, "/rt sync nginx-front"), "nginx-front is as Git says", "applied", "verified")
	if got, _ := running(t, "nginx-front"); got != replicas {
		t.Errorf("nginx-front is to have %d replicas, want %d as Git says", got, replicas)
	}

	editByHand(t, "nginx-front", int(byHand))
	wants(t, must(t, 0, "/rt "+command), fmt.Sprintf("nginx-front: replicas is now %d", byHand))
	wants(t, must(t, 0, "/rt drift nginx-front"), "nginx-front is as Git says.")
	wants(t, must(t, 0, "--language", "fr", "/rt undo nginx-front"), fmt.Sprintf("nginx-front : replicas vaut maintenant %d", replicas))
}

func TestAnImageOfAnotherPlaceIsRefused(t *testing.T) {
	serve(t)
	before := head(t)
	wants(t, must(t, 2, "/rt image gitea registry.evil.example/gitea:1.22"), "Images do not come from registry.evil.example here")
	wants(t, must(t, 2, "/rt image gitea gitea/Gitea:1"), "is neither a tag nor a whole image")
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
}
