package slack_test

import (
	"encoding/json"
	"net/url"
	"testing"

	api "github.com/slack-go/slack"
)

// deadText fails where blocks have text that Slack reads as markup: a text object that is not plain, a link that does not
// lead to the web, a mention.
func deadText(t *testing.T, all []api.Block) {
	t.Helper()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var blocks any
	if err := json.Unmarshal(text, &blocks); err != nil {
		t.Fatal(err)
	}
	eachObject(blocks, func(n map[string]any) {
		switch kind, _ := n["type"].(string); kind {
		case "rich_text", "rich_text_section", "rich_text_preformatted", "text", "plain_text", "section", "actions", "button", "":
		case "link":
			if u, err := url.Parse(n["url"].(string)); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
				t.Errorf("got the link %q", n["url"])
			}
		default:
			t.Errorf("got an element of type %q", kind)
		}
		if _, marked := n["verbatim"]; marked || n["emoji"] == true {
			t.Errorf("got text that is read as markup: %v", n)
		}
	})
}

func eachObject(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			eachObject(e, visit)
		}
	case map[string]any:
		visit(v)
		for _, e := range v {
			eachObject(e, visit)
		}
	}
}
