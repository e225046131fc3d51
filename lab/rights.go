package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rtbot/deploy"
	"rtbot/lab/cluster"
)

// botName is the bot's ServiceAccount, its namespace and its account in Argo CD.
const botName = "rt-bot"

// deployManager is the field manager of what deploy/ gives, so that it adds to the lab's settings as it would to
// anybody's.
const deployManager = "deploy"

// tokenLife is longer than any lab runs.
const tokenLife = 30 * 24 * time.Hour

// argoRights gives the bot its account in Argo CD.
func (l *lab) argoRights(ctx context.Context) error {
	manifests, err := deploy.ArgoCD()
	if err != nil {
		return err
	}
	return l.give(ctx, manifests)
}

// rights gives the bot its ServiceAccount and writes the kubeconfig and the tokens that it logs in with.
func (l *lab) rights(ctx context.Context) error {
	manifests, err := deploy.Kubernetes()
	if err != nil {
		return err
	}
	if err := l.give(ctx, manifests); err != nil {
		return err
	}
	seconds := int64(tokenLife.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	accounts := l.clients.Typed.CoreV1().ServiceAccounts(botName)
	token, err := accounts.CreateToken(ctx, botName, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("make a token of the ServiceAccount %s: %w", botName, err)
	}
	if err := l.cluster.WriteKubeconfig(l.dir.in("bot", "kubeconfig"), token.Status.Token); err != nil {
		return err
	}
	if err := os.WriteFile(l.dir.in("bot", "argocd-token"), []byte(l.tokens.botArgo+"\n"), 0o600); err != nil {
		return err
	}
	for name, token := range map[string]string{"github-token": l.tokens.botGitHub, "actions-token": l.tokens.botActions} {
		if err := os.WriteFile(l.dir.in("bot", name), []byte(token+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// give applies manifests of deploy/.
func (l *lab) give(ctx context.Context, manifests []byte) error {
	objects, err := cluster.Decode(bytes.NewReader(manifests))
	if err != nil {
		return fmt.Errorf("read the manifests of deploy: %w", err)
	}
	return l.clients.Apply(ctx, deployManager, objects)
}
