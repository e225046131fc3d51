package github_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"rtbot/gitops"
	"rtbot/gitops/github"
	"rtbot/gitops/github/githubtest"
)

func TestReadGoesWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind githubtest.FaultKind
		want string
	}{
		"the connection is lost": {githubtest.Drop, "unreachable"},
		"500":                    {githubtest.ServerError, "unreachable"},
		"502":                    {githubtest.BadGateway, "unreachable"},
		"half an answer":         {githubtest.TruncatedJSON, "unreachable"},
		"a page":                 {githubtest.HTML, "unreachable"},
		"the token ended":        {githubtest.BadCredentials, "bad-token"},
		"a secondary limit":      {githubtest.SecondaryLimit, "rate-limited"},
		"the hourly limit":       {githubtest.PrimaryLimit, "rate-limited"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, options{})
			first := w.head()
			w.push("another", map[string]file{"a.yaml": {"100644", "a"}})
			w.Fault(githubtest.Fault{Kind: test.kind, Times: 100, Wait: time.Minute})
			calls := map[string]func() error{
				"Read":        func() error { _, err := w.repo.Read(t.Context(), "k8s", false); return err },
				"FindTrailer": func() error { _, _, err := w.repo.FindTrailer(t.Context(), w.head(), "K", "v"); return err },
				"Contains":    func() error { _, err := w.repo.Contains(t.Context(), w.head(), first); return err },
				"Changed":     func() error { _, err := w.repo.Changed(t.Context(), first, w.head()); return err },
				"Check":       func() error { _, err := w.repo.Check(t.Context()); return err },
			}
			for call, do := range calls {
				if err := do(); outcome(err) != test.want {
					t.Errorf("%s: got %v, want %s", call, err, test.want)
				}
				w.clock.advance(2 * time.Hour)
			}
		})
	}
}

func TestPauseIsKeptByAllCalls(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	read := func() *gitops.RefusedError {
		t.Helper()
		_, err := w.repo.Read(t.Context(), "k8s/03-apps", false)
		refused, _ := errors.AsType[*gitops.RefusedError](err)
		return refused
	}
	wait := func(r *gitops.RefusedError) string {
		if r == nil {
			return "none"
		}
		return r.RetryAfter.String()
	}
	limit := func(kind githubtest.FaultKind, d time.Duration) { w.Fault(githubtest.Fault{Kind: kind, Wait: d}) }
	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"a limit that says how long", func() { limit(githubtest.SecondaryLimit, 30*time.Second) }, "30s"},
		{"a moment later", func() { w.clock.advance(10 * time.Second) }, "20s"},
		{"when it is over", func() { w.clock.advance(20 * time.Second) }, "none"},
		{"a limit that does not say", func() { limit(githubtest.SecondaryLimit, 0) }, "1m0s"},
		{"and again, twice as long", func() { w.clock.advance(time.Minute); limit(githubtest.SecondaryLimit, 0) }, "2m0s"},
		{"after success", func() { w.clock.advance(2 * time.Minute) }, "none"},
		{"it begins anew", func() { limit(githubtest.SecondaryLimit, 0) }, "1m0s"},
		{"the hourly limit", func() { w.clock.advance(time.Minute); limit(githubtest.PrimaryLimit, 10*time.Minute) }, "10m0s"},
		{"never longer than its hour", func() { w.clock.advance(time.Hour); limit(githubtest.SecondaryLimit, 1000*time.Hour) }, "1h5m0s"},
	}
	for _, step := range steps {
		step.do()
		if got := wait(read()); got != step.want {
			t.Errorf("%s: wait %s, want %s", step.name, got, step.want)
		}
	}
	before := len(w.Calls())
	if _, err := w.repo.Commit(t.Context(), scale(w.head())); outcome(err) != "rate-limited" {
		t.Errorf("a commit in the pause: %v", err)
	}
	if _, err := w.repo.Check(t.Context()); outcome(err) != "rate-limited" {
		t.Errorf("a check in the pause: %v", err)
	}
	if got := len(w.Calls()); got != before {
		t.Errorf("%d requests in the pause", got-before)
	}
}

func TestTokenStaysHome(t *testing.T) {
	t.Parallel()
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other host was asked for %s with %q", r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(thief.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			c := &clock{at: time.Unix(1_800_000_000, 0)}
			web := httptest.NewServer(http.RedirectHandler(thief.URL+"/x", status))
			t.Cleanup(web.Close)
			repo := client(t, web.URL, c, nil)
			if _, err := repo.Commit(t.Context(), scale(strings.Repeat("1", 40))); outcome(err) != "invalid" {
				t.Errorf("commit: %v", err)
			}
			if _, err := repo.Contains(t.Context(), strings.Repeat("1", 40), strings.Repeat("2", 40)); outcome(err) != "invalid" {
				t.Errorf("contains: %v", err)
			}
			if _, err := repo.Check(t.Context()); outcome(err) != "invalid" {
				t.Errorf("check: %v", err)
			}
		})
	}
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("a", 40)
	folder := func(entries string) string {
		return `{"data":{"repository":{"ref":{"target":{"oid":"` + sha + `","file":{"object":{"oid":"` + sha + `","entries":[` + entries + `]}}}}}}}`
	}
	tests := map[string]struct {
		status       int
		body         string
		read, commit string
	}{
		"nothing":                     {200, "", "unreachable", "unknown"},
		"null":                        {200, "null", "unreachable", "unknown"},
		"a list":                      {200, "[]", "unreachable", "unknown"},
		"data of another kind":        {200, `{"data":{"repository":7,"createCommitOnBranch":7}}`, "unreachable", "unknown"},
		"no repository":               {200, `{"data":{"repository":null,"createCommitOnBranch":null}}`, "not-found", "unknown"},
		"a commit without a name":     {200, `{"data":{"createCommitOnBranch":{"commit":{"oid":"HEAD"}}}}`, "not-found", "unknown"},
		"errors of no known type":     {200, `{"errors":[{"type":"EARTHQUAKE","message":"no"}]}`, "unreachable", "unknown"},
		"an error beside null":        {200, `{"data":{"createCommitOnBranch":null},"errors":[{"type":"NOT_FOUND"}]}`, "not-found", "not-found"},
		"a limit in a GraphQL answer": {200, `{"errors":[{"type":"RATE_LIMITED","message":"no"}]}`, "rate-limited", "rate-limited"},
		"a name that climbs":          {200, folder(`{"name":"../x.yaml","mode":33188,"oid":"` + sha + `"}`), "unreachable", "unknown"},
		"an object without a name":    {200, folder(`{"name":"x.yaml","mode":33188,"oid":"../../x"}`), "unreachable", "unknown"},
		"another text than named": {
			200, folder(`{"name":"x.yaml","mode":33188,"oid":"` + sha + `","object":{"text":"evil"}}`), "unreachable", "unknown",
		},
		"deeper than anybody reads":   {200, strings.Repeat(`{"data":`, 20_000), "unreachable", "unknown"},
		"larger than anybody reads":   {200, `{"data":"` + strings.Repeat("x", 33<<20) + `"}`, "unreachable", "unknown"},
		"the token in an error":       {403, `{"message":"no ` + secret + `"}`, "forbidden", "forbidden"},
		"lines and controls":          {422, "{\"message\":\"a\\nb\\u0000\"}", "invalid", "invalid"},
		"a rule without its type":     {403, `{"message":"Repository rule violations found"}`, "protected", "protected"},
		"too many requests":           {429, "", "rate-limited", "rate-limited"},
		"not available for the law":   {451, `{"message":"DMCA"}`, "invalid", "invalid"},
		"a teapot of a status":        {600, "", "unreachable", "unknown"},
		"accepted, and nothing known": {202, "{}", "unreachable", "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			}))
			t.Cleanup(web.Close)
			for call, want := range map[string]string{"read": test.read, "commit": test.commit} {
				repo := client(t, web.URL, &clock{at: time.Unix(1_800_000_000, 0)}, func(c *github.Config) { c.Timeout = 10 * time.Second })
				_, err := repo.Read(t.Context(), "apps", true)
				if call == "commit" {
					repo = client(t, web.URL, &clock{at: time.Unix(1_800_000_000, 0)}, nil)
					_, err = repo.Commit(t.Context(), scale(sha))
				}
				if outcome(err) != want {
					t.Errorf("%s: got %.300v, want %s", call, err, want)
				}
				if err != nil && (strings.Contains(err.Error(), secret) || len(err.Error()) > 2_000) {
					t.Errorf("%s: what it says: %.300s", call, err)
				}
			}
		})
	}
}
