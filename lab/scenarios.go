package lab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"rtbot/lab/scenario"
)

// controlFile says where a lab takes its orders: an address that only whoever can read the file knows.
const controlFile = "control"

// scenarios takes orders to break and to mend.
func (l *lab) scenarios(ctx context.Context) error {
	c := &control{world: &scenario.World{
		Client: l.clients.Typed, Registry: l.registry, Puller: l.puller, Kubelet: l.kubelet,
		PullSecret: l.applyPullSecret, Right: dockerConfig(dockerUser, l.tokens.docker), Untrusted: l.urls.badRegistry,
	}}
	secret := "/" + rand.Text()
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+secret+"/break/{name}", c.order(scenario.Break))
	mux.HandleFunc("POST "+secret+"/mend/{name}", c.order(scenario.Mend))
	url, err := l.serve(ctx, mux)
	if err != nil {
		return err
	}
	return os.WriteFile(l.dir.in("state", controlFile), []byte(url+secret+"\n"), 0o600)
}

// control carries out one order after the other.
type control struct {
	mu    sync.Mutex
	world *scenario.World
}

func (c *control) order(do func(context.Context, *scenario.World, string) (scenario.Scenario, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		done, err := do(r.Context(), c.world, r.PathValue("name"))
		if _, unknown := errors.AsType[*scenario.UnknownError](err); unknown {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(done)
	}
}

// Break makes one of the ways to fail in a lab that is up, and gives it when it shows.
func Break(ctx context.Context, dir, name string) (scenario.Scenario, error) {
	return order(ctx, dir, "break", name)
}

// Mend undoes one of the ways to fail, and gives it when nothing is left of it.
func Mend(ctx context.Context, dir, name string) (scenario.Scenario, error) {
	return order(ctx, dir, "mend", name)
}

// order hands a verb to the lab that lives in a folder.
func order(ctx context.Context, dir, verb, name string) (scenario.Scenario, error) {
	var done scenario.Scenario
	at, err := os.ReadFile(filepath.Join(filepath.Clean(dir), "state", controlFile))
	if err != nil {
		return done, fmt.Errorf("%s has no lab that is ready: %w", dir, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(string(at))+"/"+verb+"/"+name, http.NoBody)
	if err != nil {
		return done, err
	}
	response, err := (&http.Client{}).Do(request) // as long as the lab needs; the caller's context ends it
	if err != nil {
		return done, fmt.Errorf("the lab in %s does not answer: %w", dir, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return done, err
	}
	if response.StatusCode != http.StatusOK {
		return done, errors.New(strings.TrimSpace(string(text)))
	}
	return done, json.Unmarshal(text, &done)
}
