package slack_test

import (
	"encoding/json"
	"strings"
	"testing"

	api "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"rtbot/chat/slack"
)

func TestTextIsReadAsItWasTyped(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"scale gitea 2":                     "scale gitea 2",
		"why <http://gitea.rt|gitea.rt>":    "why gitea.rt",
		"why <http://gitea.rt>":             "why http://gitea.rt",
		"a &lt;b&gt; &amp;amp; c":           "a <b> &amp; c",
		"<mailto:a@b.c|a@b.c>":              "a@b.c",
		"<mailto:a@b.c>":                    "a@b.c",
		"<@U1> <#C1|general> <!channel>":    "@U1 general !channel",
		"&lt;!channel&gt; stays as it came": "<!channel> stays as it came",
	} {
		if got := slack.Typed(sent); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}

// FuzzEvent hands over whatever Slack, or somebody who is not Slack, may send: nothing panics, and what asks for something
// says who asks, where, and under which key.
func FuzzEvent(f *testing.F) {
	f.Add("slash_commands", `{"command":"/rt","text":"scale gitea 2","user_id":"U1","channel_id":"C1","trigger_id":"1.2"}`)
	f.Add("events_api", `{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","user":"U1","text":"<@U0> status","channel":"C1"}}`)
	f.Add("interactive", `{"type":"block_actions","trigger_id":"1","user":{"id":"U1"},"channel":{"id":"C1"},"actions":[{"action_id":"say-0","value":"help"}]}`)
	f.Add("interactive", `{"type":"block_actions","actions":[]}`)
	f.Add("slash_commands", `null`)
	f.Fuzz(func(t *testing.T, kind, payload string) {
		req, asks := slack.RequestOf(event(kind, []byte(payload)))
		if asks && (req.User.ID == "" || req.Room.ID == "" || len(req.Key) < len("event:x") || !strings.HasPrefix(req.Text, "/rt ")) {
			t.Errorf("got %+v", req)
		}
	})
}

// event reads a payload as the library does.
func event(kind string, payload []byte) any {
	switch kind {
	case "slash_commands":
		var c api.SlashCommand
		if json.Unmarshal(payload, &c) == nil {
			return c
		}
	case "events_api":
		if parsed, err := slackevents.ParseEvent(payload, slackevents.OptionNoVerifyToken()); err == nil {
			return parsed
		}
	case "interactive":
		var i api.InteractionCallback
		if json.Unmarshal(payload, &i) == nil {
			return i
		}
	}
	return nil
}
