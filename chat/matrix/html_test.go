package matrix_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/matrix"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// full has everything that a card can have.
func full() chat.Card {
	return chat.Card{
		Operation: "k7f3q2mz", State: chat.Waiting, Mood: chat.Careful, Title: "jenkins: replicas 1 → 0 needs an approval",
		Text:    []string{"Another admin can approve it within 10 minutes.", "Type /rt confirm k7f3q2mz if you mean it."},
		Facts:   []chat.Fact{{Label: "File", Value: "k8s/03-apps/jenkins.yaml:22"}, {Label: "Application", Value: "layer-03-apps", Link: "https://argo.example.org/applications/layer-03-apps?a=1&b=2"}},
		Steps:   []chat.Step{{Label: "planned", State: chat.StepDone, Took: 123 * time.Millisecond}, {Label: "approval", State: chat.StepRunning}, {Label: "verified", State: chat.StepPending, Note: "0 of 0 ready"}},
		Table:   &chat.Table{Columns: []string{"App", "Ready"}, Rows: [][]string{{"gitea", "2/2"}, {"nginx-front", "1/1"}}},
		Quotes:  []chat.Quote{{Label: "The change", Text: "-  replicas: 1\n+  replicas: 0\n", Diff: true}},
		Buttons: []chat.Button{{Label: "Approve", Command: "approve k7f3q2mz", Danger: true, Agrees: true}, {Label: "status", Command: "status"}},
	}
}

// hostile has what strangers write into names, logs and manifests.
func hostile() chat.Card {
	const evil = "@room @alice:example.org #ops:example.org <b>&amp; https://evil.example/x evil.example <img src=x onerror=a> **bold** \u202Egnp \x1b[31mred"
	c := chat.Card{State: chat.Failed, Title: evil, Text: []string{evil, ""}, Facts: []chat.Fact{{Label: evil, Value: evil, Link: "javascript:alert(1)"}, {Label: "link", Value: "x", Link: `https://a.example/"><b>`}}}
	c.Quotes = []chat.Quote{{Label: "said", Text: "</code></pre><a href=\"https://evil.example\">ok</a>\n" + evil}, {Label: "nothing", Text: ""}}
	c.Table = &chat.Table{Columns: []string{evil}, Rows: [][]string{{"a\nb\tc"}}}
	c.Steps = []chat.Step{{Label: evil, State: chat.StepFailed, Note: evil}}
	c.Buttons = []chat.Button{{Label: evil, Command: "help"}, {Label: "", Command: "status"}}
	return c
}

// huge is what everything failing at once makes.
func huge(letter string) chat.Card {
	long := strings.Repeat(letter, 20_000)
	c := chat.Card{State: chat.Answered, Title: long, Table: &chat.Table{Columns: []string{"Pod"}}}
	for range 400 {
		c.Text = append(c.Text, long)
		c.Facts = append(c.Facts, chat.Fact{Label: "Pod", Value: long, Link: "https://example.org/"})
		c.Steps = append(c.Steps, chat.Step{Label: long})
		c.Table.Rows = append(c.Table.Rows, []string{long[:200]})
		c.Quotes = append(c.Quotes, chat.Quote{Label: long, Text: long})
		c.Buttons = append(c.Buttons, chat.Button{Label: long, Command: "why x"})
	}
	return c
}

func TestCardsAsMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]chat.Card{"full": full(), "hostile": hostile()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := matrix.LayOut(c)
			got := content.Body + "\n\n" + strings.NewReplacer("</p>", "</p>\n", "</pre>", "</pre>\n").Replace(content.FormattedBody)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// No message rings anybody, and an edit does not either.
func TestNoMessageMentionsAnybody(t *testing.T) {
	t.Parallel()
	content := matrix.LayOut(hostile())
	for name, sent := range map[string]any{"a message": content, "an edit": matrix.Edit(content, "$first")} {
		text, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Mentions map[string]any `json:"m.mentions"`
			New      *struct {
				Mentions map[string]any `json:"m.mentions"`
			} `json:"m.new_content"`
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Mentions == nil || len(got.Mentions) > 0 || (got.New != nil && (got.New.Mentions == nil || len(got.New.Mentions) > 0)) {
			t.Errorf("%s has the mentions %+v, want none that say so", name, got)
		}
	}
}

func TestAHugeCardFitsIntoAnEvent(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"a", "é", "<", "\x00", "🚀", "\u202e", "a.bc "} {
		text, err := json.Marshal(matrix.Edit(matrix.LayOut(huge(letter)), "$first"))
		if err != nil {
			t.Fatal(err)
		}
		if sealed := len(text) * 4 / 3; sealed > 60_000 {
			t.Errorf("of %q: %d bytes, encrypted about %d; an event has 65,536", letter, len(text), sealed)
		}
	}
}

func TestWhatAClientWouldLinkIsCode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"gitea is at 2 of 2.":                      "gitea is at 2 of 2.",
		"see https://evil.example now":             "see <code>https://evil.example</code> now",
		"evil.example/x":                           "<code>evil.example/x</code>",
		"@alice:example.org asked":                 "<code>@alice:example.org</code> asked",
		"#ops:example.org":                         "<code>#ops:example.org</code>",
		"a <b> & c":                                "a &lt;b&gt; &amp; c",
		"<https://evil.example>":                   "<code>&lt;https://evil.example&gt;</code>",
		"two\nlines":                               "two<br>lines",
		"Waiting: 0.25 of 1.5":                     "Waiting: 0.25 of 1.5",
		"k8s/03-apps/gitea.yaml:22 (mailto:a@b.c)": "<code>k8s/03-apps/gitea.yaml:22</code> <code>(mailto:a@b.c)</code>",
	} {
		if got := matrix.Deaden(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// tag is a tag that the layout itself makes.
var tag = regexp.MustCompile(`</?(?:p|strong|pre|code)>|<br>|<code class="language-diff">|<a href="[^"<>]*">|</a>`)

// FuzzText writes whatever a stranger may write into every place of a card: no tag comes out but ours, no link but ours, and
// what comes out is text.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"plain", "<b>", "</code></pre><script>", `" onclick="x`, "https://evil.example", "&lt;", "\u202e\x1b[31m", "\xff\xfe", "@room", "]]>", "a.bc:", "<!--",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		content := matrix.LayOut(chat.Card{
			Title: s, Text: []string{s}, Facts: []chat.Fact{{Label: s, Value: s, Link: s}}, Steps: []chat.Step{{Label: s, Note: s}},
			Table: &chat.Table{Columns: []string{s}, Rows: [][]string{{s}}}, Quotes: []chat.Quote{{Label: s, Text: s}}, Buttons: []chat.Button{{Label: s, Command: s}},
		})
		if left := tag.ReplaceAllString(content.FormattedBody, ""); strings.ContainsAny(left, "<>") {
			t.Errorf("%q left %q", s, left)
		}
		if !utf8.ValidString(content.FormattedBody) || !utf8.ValidString(content.Body) {
			t.Errorf("%q became what is not UTF-8", s)
		}
		links := strings.Count(content.FormattedBody, "<a ")
		if ours := (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && chat.Visible(s) == s; (links > 0) != ours {
			t.Errorf("%q made %d links", s, links)
		}
	})
}
