package handlers

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/handlers/change"
	"rtbot/handlers/refusal"
)

// understood is what a line was understood as.
type understood struct {
	Verb    string
	Request string
	App     change.AppName
	Edit    change.Edit
}

func parser() *Router {
	verbs := []Command{
		Scale(), Ops(nil, nil, nil), Approve(nil, nil), Status(nil, nil, nil, nil), Freeze(nil),
		Pods(nil, nil, nil), Nodes(nil, nil), Logs(nil, nil), Describe(nil, nil, nil),
		Restart(nil, nil), RenewSecrets(Workflow{}, nil), Why(nil, nil, nil, nil),
	}
	return NewRouter(Config{Commands: append([]Command{Help(verbs)}, verbs...)})
}

func TestWhatIsUnderstood(t *testing.T) {
	gitea := change.AppName{Name: "gitea"}
	wordy := "freeze " + strings.Repeat("é", 300)
	tests := map[string]understood{
		"/rt scale gitea 2":                   {"scale", "scale gitea 2", gitea, replicas(2)},
		"!rt scale gitea 2":                   {"scale", "scale gitea 2", gitea, replicas(2)},
		"scale gitea 2":                       {"scale", "scale gitea 2", gitea, replicas(2)},
		"  /rt   scale\tgitea   0  \n":        {"scale", "scale gitea 0", gitea, replicas(0)},
		"/rt scale “gitea” '2'":               {"scale", "scale gitea 2", gitea, replicas(2)},
		"/rt scale deployment/gitea 2":        {"scale", "scale deployment/gitea 2", change.AppName{Kind: "Deployment", Name: "gitea"}, replicas(2)},
		"/rt scale deploy/gitea 2":            {"scale", "scale deployment/gitea 2", change.AppName{Kind: "Deployment", Name: "gitea"}, replicas(2)},
		"/rt scale rt/gitea 2":                {"scale", "scale rt/gitea 2", change.AppName{Namespace: "rt", Name: "gitea"}, replicas(2)},
		"/rt scale rt/statefulset/gitea 2":    {"scale", "scale rt/statefulset/gitea 2", change.AppName{Namespace: "rt", Kind: "StatefulSet", Name: "gitea"}, replicas(2)},
		"":                                    {Verb: "help", Request: "help"},
		"/rt":                                 {Verb: "help", Request: "help"},
		strings.Repeat(" ", 4000):             {Verb: "help", Request: "help"},
		"/rt help SCALE":                      {Verb: "help", Request: "help scale"},
		"/rt ops":                             {Verb: "ops", Request: "ops"},
		"/rt ops k7f3q2mz":                    {Verb: "ops", Request: "ops k7f3q2mz"},
		"/rt approve k7f3q2mz":                {Verb: "approve", Request: "approve k7f3q2mz"},
		"/rt status":                          {Verb: "status", Request: "status"},
		"/rt freeze the  fair opens":          {Verb: "freeze", Request: "freeze the fair opens"},
		wordy:                                 {Verb: "freeze", Request: string([]rune(wordy)[:len("freeze ")+200])},
		"/rt status gitea":                    {Verb: "status", Request: "status gitea"},
		"/rt restart rt/deployment/gitea":     {"restart", "restart rt/deployment/gitea", change.AppName{Namespace: "rt", Kind: "Deployment", Name: "gitea"}, nil},
		"/rt secrets renew":                   {Verb: "secrets renew", Request: "secrets renew"},
		"/rt help secrets renew":              {Verb: "help", Request: "help secrets renew"},
		"/rt nodes":                           {Verb: "nodes", Request: "nodes"},
		"/rt pods":                            {Verb: "pods", Request: "pods"},
		"/rt pods rt/gitea":                   {Verb: "pods", Request: "pods rt/gitea"},
		"/rt describe gitea-0":                {Verb: "describe", Request: "describe gitea-0"},
		"/rt logs gitea":                      {Verb: "logs", Request: "logs gitea"},
		"/rt logs gitea previous":             {Verb: "logs", Request: "logs gitea previous"},
		"/rt logs tail=5 gitea since=90m":     {Verb: "logs", Request: "logs gitea since=90m tail=5"},
		"/rt logs web since=9999999h":         {Verb: "logs", Request: "logs web since=24h"},
		"/rt logs web since=1h30m10s":         {Verb: "logs", Request: "logs web since=5410s"},
		"/rt logs web tail=99999999":          {Verb: "logs", Request: "logs web tail=2000"},
		"/rt logs web grep='a b' container=x": {Verb: "logs", Request: "logs web grep='a b' container=x"},
		`/rt logs web grep="it's"`:            {Verb: "logs", Request: `logs web grep='it'"'"'s'`},
		"/rt why gitea":                       {Verb: "why", Request: "why gitea"},
		"/rt why gitea-7d9c8b6f5-x2x4q":       {Verb: "why", Request: "why gitea-7d9c8b6f5-x2x4q"},
		"/rt why pods/gitea-0":                {Verb: "why", Request: "why pod/gitea-0"},
		"/rt why rt/pod/gitea-0":              {Verb: "why", Request: "why rt/pod/gitea-0"},
		"/rt why deploy/gitea":                {Verb: "why", Request: "why deployment/gitea"},
		"/rt why gitea.v1":                    {Verb: "why", Request: "why pod/gitea.v1"},
	}
	for line, want := range tests {
		c, a, err := parser().parse(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		got := understood{Verb: c.Verb, Request: a.Request}
		if a.Change != nil {
			got.App, got.Edit = a.Change.App, a.Change.Edit
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
}

// The rows of the table of bad inputs whose verbs exist, with the code that each must get.
func TestWhatIsNotUnderstood(t *testing.T) {
	tests := map[refusal.Code][]string{
		refusal.Duration: {"logs web since=-1h", "logs web since=1y", "logs web since=", "logs web since=0s", "logs web since=1h2"},
		refusal.Regex:    {"logs web grep='['", "logs web grep=(", `logs web grep=a\`, "logs web grep=", "logs web grep=a{2000}"},
		refusal.Reason:   {"freeze", "freeze \u200b\u200d", `freeze ""`, "freeze ..."},
		refusal.Parse: {
			`scale "gitea 3`, "scale gitea 3\nscale nginx-front 0", "scale gitea 3\u2028scale x 0", "scale gitea\u00853", "scale\vgitea 3",
			"scale\fgitea 3",
		},
		refusal.Length:   {strings.Repeat("a", 40000), strings.Repeat(" ", 4000) + "x"},
		refusal.Encoding: {"scale \xff\xfe 2", "scale gitea\x00prod 2", "scale \xc0\xaf 2"},
		refusal.Verb:     {"sclae gitea 2", "frobnicate", "help frobnicate", "{{7*7}}", "scale\u200d gitea 2", "secrets renwe", "help secrets"},
		refusal.Args: {
			"scale", "scale web", "scale web 3; rm -rf /", "scale web 3 4", "approve", "ops k7f3q2mz x",
			"restart", "secrets", "secrets renew now", "logs", "describe", "logs web later", "logs web tail=1 tail=2", "nodes x", "why", "why a b",
		},
		refusal.Flag: {
			"scale --replicas=3 --as=system:admin web", "scale web 3 --dry-run=false --dry-run=true", "status -A", "scale -n rt web 3",
			"logs web --since=1h", "logs web -f", "logs web colour=red", "logs web n=1",
		},
		refusal.Name: {
			"scale -- -web 3", "scale web* 3", "scale .* 3", "scale [a-z] 3", "scale all 3", "scale web,api 3", "scale WEB 3",
			"scale web\u202Egnp.yaml 3", "scale w\u0435b 3", "scale ｗｅｂ 3", "scale web\u200d 3", "scale we\u00adb 3", "scale w\u00e9b 3",
			"scale we\u0301b 3", "scale " + strings.Repeat("a", 64) + " 3", "scale " + strings.Repeat("a", 254) + " 3", "scale .. 3",
			"scale ../secrets 3", "scale ..%2fsecrets 3", "scale %2e%2e/ 3", `scale ..\\ 3`, "scale apps/../../x 3", "scale web%00 3",
			`scale web\\..\\x 3`, "scale ~root 3", "scale $PATH 3", "scale con 3", "scale nul 3", "scale .git 3", "scale .github 3",
			"scale .git/config 3", "scale a/b/c/d 3", "scale rt/thing/gitea 3", `scale "" 3`, "scale {{.Secret}} 3",
			"scale ${{ 3", "scale #{7*7} 3", "scale %{x} 3", "status {{7*7}}",
			"logs web* tail=1", "describe Pod/x", "logs web container=A_B",
			"why {{.Secret}}", "why web*", "why WEB", "why ../x", "why a/b/c/d", "why pod/", "why " + strings.Repeat("a", 254), "why w\u0435b",
		},
		refusal.Number: {
			"scale web 999999999999999999999", "scale web 03", "scale web NaN", "scale web Inf", "scale web null", "scale web true",
			"scale web -1", "scale web +3", "scale web 2.5", "scale web 0x3", "scale web 1e2", "scale web ٣", `scale web ""`,
			"logs web tail=x", "logs web tail=1.5", "logs web tail=",
		},
		refusal.Range:     {"scale web 2147483648", "scale web 9223372036854775808", "scale web 10000", "logs web tail=-1", "logs web tail=0"},
		refusal.Operation: {"ops -1", "ops deadbeef0", "ops ../../x", "approve K7F3Q2MZ", "approve l7f3q2mz"},
	}
	for code, lines := range tests {
		for _, line := range lines {
			_, _, err := parser().parse(line)
			var refused *refusal.Error
			if !errors.As(err, &refused) || refused.Code != code || !refused.Misread {
				t.Errorf("%.80q: got %v, want %s", line, err, code)
			}
		}
	}
}

func TestAMisspeltVerbIsSuggestedAndNotDone(t *testing.T) {
	_, _, err := parser().parse("/rt sclae gitea 2")
	refused, _ := refusal.Of(err)
	if refused == nil || refused.Key != "misread.verb-near" || refused.With["Near"] != "scale" {
		t.Errorf("got %+v, want a suggestion of scale", refused)
	}
}

func TestInputIsRepeatedShortAndVisible(t *testing.T) {
	tests := map[string]string{
		"web\u202Egnp.yaml":      "web[U+202E]gnp.yaml",
		strings.Repeat("a", 100): strings.Repeat("a", 64) + "…",
		"<!channel> \x1b[31mred": "<!channel> red",
		"\xff\xfe":               "\uFFFD",
	}
	for input, want := range tests {
		if diff := cmp.Diff(want, shown(input)); diff != "" {
			t.Errorf("%q: %s", input, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"/rt scale gitea 2", `scale "web 3`, "scale web* 3", "help", "scale web\u2028x", "\xff", "why rt/pod/x", "why a.b"} {
		f.Add(seed)
	}
	router := parser()
	f.Fuzz(func(t *testing.T, line string) {
		c, a, err := router.parse(line)
		if err != nil {
			if refused, ok := refusal.Of(err); !ok || refused.Code == "" {
				t.Errorf("an error without words: %v", err)
			}
			return
		}
		// What was understood is printed again, and means the same.
		again, b, err := router.parse(a.Request)
		if err != nil || again.Verb != c.Verb || b.Request != a.Request {
			t.Errorf("%q is printed as %q, which means %q, error %v", line, a.Request, b.Request, err)
		}
		if a.Change != nil && !label.MatchString(a.Change.App.Name) {
			t.Errorf("%q names the app %q", line, a.Change.App.Name)
		}
	})
}
