package lang_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"rtbot/lang"
)

func catalog(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var sentences map[string]any
	if err := yaml.Unmarshal(text, &sentences); err != nil {
		t.Fatal(err)
	}
	return sentences
}

func TestBothLanguagesSayTheSameWithTheSameValues(t *testing.T) {
	en, fr := catalog(t, "en.yaml"), catalog(t, "fr.yaml")
	if diff := cmp.Diff(keys(en), keys(fr)); diff != "" {
		t.Errorf("the catalogs have different keys (-en +fr):\n%s", diff)
	}
	for key := range en {
		if diff := cmp.Diff(values(en[key]), values(fr[key])); diff != "" {
			t.Errorf("%s names different values (-en +fr):\n%s", key, diff)
		}
	}
}

func keys(sentences map[string]any) []string {
	var all []string
	for key := range sentences {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}

var value = regexp.MustCompile(`\{\{\.[A-Za-z]+\}\}`)

// values are the values that a sentence names, in any of its plural forms.
func values(sentence any) []string {
	var text strings.Builder
	switch s := sentence.(type) {
	case string:
		text.WriteString(s)
	case map[string]any:
		for _, form := range s {
			text.WriteString(form.(string))
		}
	}
	found := value.FindAllString(text.String(), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every key in the code has a sentence, and every sentence is used: a key is any literal of the form "group.name" whose
// group is one of the catalog's.
func TestEverySentenceIsThereAndUsed(t *testing.T) {
	sentences := catalog(t, "en.yaml")
	groups := map[string]bool{}
	for key := range sentences {
		group, _, _ := strings.Cut(key, ".")
		groups[group] = true
	}
	used := map[string]bool{}
	for key, where := range literals(t) {
		group, _, _ := strings.Cut(key, ".")
		if !groups[group] {
			continue
		}
		used[key] = true
		if _, ok := sentences[key]; !ok {
			t.Errorf("%s uses %q, which no catalog has", where, key)
		}
	}
	for key := range sentences {
		if !used[key] {
			t.Errorf("nothing uses %q", key)
		}
	}
}

var keyed = regexp.MustCompile(`^[a-z]+\.[a-z0-9-]+$`)

// literals are the strings of the code that look like keys, with the place of one use.
func literals(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, top := range []string{"handlers", "chat", "scheduled"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) || d == nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			return read(path, found)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func read(path string, found map[string]string) error {
	places := token.NewFileSet()
	file, err := parser.ParseFile(places, path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && keyed.MatchString(text) {
			found[text] = places.Position(literal.Pos()).String()
		}
		return true
	})
	return nil
}

func TestTheLanguageIsTheAskersOwn(t *testing.T) {
	c, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		asked []string
		want  string
	}{
		"French":                       {[]string{"fr"}, "fr"},
		"French of Canada":             {[]string{"fr-CA", "en"}, "fr"},
		"German first, then French":    {[]string{"de", "fr"}, "fr"},
		"a language that is not there": {[]string{"zh"}, "en"},
		"nothing":                      {nil, "en"},
		"no language at all":           {[]string{"*", "", "!!"}, "en"},
		"English of Britain":           {[]string{"en-GB"}, "en"},
	}
	for name, test := range tests {
		if got := c.For(test.asked...).Tag(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	c, err := lang.Load()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tag := range c.Languages() {
		for _, n := range []int{0, 1, 2} {
			got = append(got, c.For(tag).Count("status.title", n, nil))
		}
	}
	want := []string{"0 apps", "1 app", "2 apps", "0 application", "1 application", "2 applications"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
