//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func head(tb testing.TB) string {
	tb.Helper()
	return git(tb, "rev-parse", "main")
}

// commits counts the commits since a head, and lists the lines that they changed.
func commits(t *testing.T, since string) (n int, changed []string) {
	t.Helper()
	list := git(t, "rev-list", since+"..main")
	if list != "" {
		n = len(strings.Split(list, "\n"))
	}
	for line := range strings.Lines(git(t, "diff", "-U0", since, "main")) {
		if (line[0] == '+' || line[0] == '-') && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "---") {
			changed = append(changed, strings.TrimSpace(line[:1]+" "+strings.TrimSpace(line[1:])))
		}
	}
	return n, changed
}

func TestScaleEndsWithRunningPods(t *testing.T) {
	serve(t)
	must(t, 0, "/rt scale gitea 1")
	editByHand(t, "nginx-front", 2)
	before := head(t)
	card := must(t, 0, "/rt scale gitea 2")
	wants(t, card, "✓ gitea", "2 of 2 pods are ready", "committed", "detected", "synced", "verified",
		"The same sync also puts Deployment/nginx-front back")
	n, changed := commits(t, before)
	if n != 1 || strings.Join(changed, "; ") != "- replicas: 1; + replicas: 2" {
		t.Errorf("got %d commits that change %q, want one of one line", n, changed)
	}
	if want, ready := running(t, "gitea"); want != 2 || ready != 2 {
		t.Errorf("the cluster runs %d of %d, want 2 of 2", ready, want)
	}
	if want, _ := running(t, "nginx-front"); want != 1 {
		t.Errorf("nginx-front is to have %d replicas; the card said that it goes back to 1", want)
	}
	wants(t, git(t, "log", "-1", "--format=%B"), "gitea: set replicas from 1 to 2", "Rt-Request: scale gitea 2",
		"Requested-by: alice (web:alice)", "Rt-Operation: ")
	wants(t, must(t, 0, "/rt ops"), "scale gitea 2", "web:alice", "done")
	wants(t, must(t, 0, "/rt status gitea"), "2 of 2")
}

// editByHand sets the replicas of a Deployment as somebody with kubectl would, and waits until the bot shows that.
func editByHand(t *testing.T, name string, n int) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
	_, err := cluster(t).AppsV1().Deployments("rt").Patch(t.Context(), name, types.StrategicMergePatchType, patch,
		metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "/rt status "+name, "differs from Git")
}

func TestTheSameValueAgainIsNoCommit(t *testing.T) {
	serve(t)
	before := head(t)
	wants(t, must(t, 0, "/rt scale jenkins 1"), "jenkins: replicas is already 1", "Nothing was committed")
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
}

func TestBadInputChangesNothing(t *testing.T) {
	serve(t)
	before := head(t)
	tests := map[string]struct {
		line string
		says string
	}{
		"a misspelt app":            {"/rt scale gitae 2", "Did you mean gitea?"},
		"an app that is not there":  {"/rt scale wordpress 2", `There is no app "wordpress"`},
		"a misspelt verb":           {"/rt sclae gitea 2", "Did you mean scale?"},
		"no number":                 {"/rt scale gitea", "The replica count is missing"},
		"no number at all":          {"/rt scale gitea many", "is not a number of replicas"},
		"a number without an end":   {"/rt scale gitea 999999999999999999999", "is not a number of replicas"},
		"more than anybody means":   {"/rt scale gitea 10000", "out of range"},
		"a pattern":                 {"/rt scale git* 2", "is not the name of an app"},
		"a flag":                    {"/rt scale --replicas=3 gitea", "Words are given in order"},
		"a shell's sign":            {"/rt scale gitea 3; rm -rf /", "a word too many"},
		"two commands":              {"/rt scale gitea 3\n/rt scale jenkins 0", "One command at a time"},
		"text that turns around":    {"/rt scale web\u202Egnp.yaml 2", "web[U+202E]gnp.yaml"},
		"a way out of the folder":   {"/rt scale ../../etc/passwd 2", "is not the name of an app"},
		"a quote without an end":    {`/rt scale "gitea 2`, "opens at character 11"},
		"forty thousand characters": {strings.Repeat("a", 40000), "too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { wants(t, must(t, 2, test.line), test.says) })
	}
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
	wants(t, must(t, 2, "--as", "carol", "/rt scale gitea 3"), "Your role only reads")
	wants(t, must(t, 2, "--as", "mallory", "/rt scale gitea 3"), "I do not know you")
}

func TestADangerWaitsForAnotherAdmin(t *testing.T) {
	serve(t)
	before := head(t)
	waiting := must(t, 2, "--as", "bob", "/rt scale jenkins 0")
	wants(t, waiting, "needs an approval", "no pod of Deployment/jenkins is left")
	_, after, _ := strings.Cut(waiting, "/rt approve ")
	op := strings.Fields(after)[0]
	wants(t, must(t, 2, "--as", "carol", "/rt approve "+op), "Only an admin")
	if n, _ := commits(t, before); n != 0 {
		t.Fatalf("got %d commits before the approval, want none", n)
	}
	wants(t, must(t, 0, "--as", "dave", "/rt approve "+op), "Approved: scale jenkins 0")
	waitFor(t, "/rt ops "+op, "done")
	if want, _ := running(t, "jenkins"); want != 0 {
		t.Errorf("jenkins is to have %d replicas, want 0", want)
	}
	must(t, 0, "/rt scale jenkins 1")
}

func TestTheAnswerSpeaksFrench(t *testing.T) {
	serve(t)
	wants(t, must(t, 2, "--language", "fr", "/rt scale gitae 2"), "Vouliez-vous dire gitea ?", "Rien n'a été changé.")
}
