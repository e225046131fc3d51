package argo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// bodyLimit is the largest answer that is read.
const bodyLimit = 1 << 20

// Token gives a new token of a local account.
func (a *Argo) Token(ctx context.Context, account string) (string, error) {
	login := map[string]string{"username": "admin", "password": a.password}
	session, err := a.post(ctx, "/api/v1/session", "", login)
	if err != nil {
		return "", fmt.Errorf("log in to Argo CD: %w", err)
	}
	token, err := a.post(ctx, "/api/v1/account/"+url.PathEscape(account)+"/token", session, map[string]string{})
	if err != nil {
		return "", fmt.Errorf("make a token of Argo CD's account %s: %w", account, err)
	}
	return token, nil
}

// post sends a request that is answered with a token.
func (a *Argo) post(ctx context.Context, path, token string, body map[string]string) (string, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.Address()+path, bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := a.HTTP.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s: %s", path, response.Status, answer)
	}
	var got struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return got.Token, nil
}
