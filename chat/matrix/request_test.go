package matrix_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/matrix"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// event is an event of bob's in the team's room, said that long before noon.
func event(kind, content string, before time.Duration) []byte {
	return fmt.Appendf(nil, `{"type": %q, "event_id": "$asked", "room_id": "!team:example.org", "sender": "@bob:example.org", "origin_server_ts": %d, "content": %s}`,
		kind, noon.Add(-before).UnixMilli(), content)
}

func text(body string) string {
	quoted, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return `{"msgtype": "m.text", "body": ` + string(quoted) + `}`
}

func TestWhatAMessageAsks(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, content, want string }{
		{"the prefix", text("!rt scale gitea 2"), "!rt scale gitea 2"},
		{"the prefix alone", text("!rt"), "!rt"},
		{"the prefix with blanks and capitals", text("  !RT   status\n"), "!rt status"},
		{"a longer word", text("!rtx status"), ""},
		{"the prefix in the middle", text("do not say !rt scale gitea 0"), ""},
		{"the full name", text("@rt:example.org scale gitea 2"), "!rt scale gitea 2"},
		{"the full name and a colon", text("@rt:example.org: scale gitea 2"), "!rt scale gitea 2"},
		{"a name that only begins like it", text("@rt:example.org.evil scale gitea 0"), ""},
		{"the display name and a colon", text("Release Train: status"), "!rt status"},
		{"the display name and a comma", text("release train, status"), "!rt status"},
		{"the display name alone is only spoken of", text("Release Train is slow today"), ""},
		{"the display name with a mention", `{"msgtype": "m.text", "body": "Release Train status", "m.mentions": {"user_ids": ["@rt:example.org"]}}`, "!rt status"},
		{"the display name with a mention of somebody else", `{"msgtype": "m.text", "body": "Release Train status", "m.mentions": {"user_ids": ["@alice:example.org"]}}`, ""},
		{"the local part and a colon", text("rt: status"), "!rt status"},
		{"a mention behind the line", `{"msgtype": "m.text", "body": "scale gitea 0 said Release Train", "m.mentions": {"user_ids": ["@rt:example.org"]}}`, ""},
		{"several lines stay several lines", text("!rt scale gitea 2\n!rt scale jenkins 0"), "!rt scale gitea 2\n!rt scale jenkins 0"},
		{"an edit", `{"msgtype": "m.text", "body": "* !rt scale web 0", "m.new_content": {"msgtype": "m.text", "body": "!rt scale web 0"}, "m.relates_to": {"rel_type": "m.replace", "event_id": "$first"}}`, ""},
		{"an edit that hides its new content", `{"msgtype": "m.text", "body": "!rt scale web 0", "m.relates_to": {"rel_type": "m.replace", "event_id": "$first"}}`, ""},
		{"new content without a relation", `{"msgtype": "m.text", "body": "!rt scale web 0", "m.new_content": {"msgtype": "m.text", "body": "!rt help"}}`, ""},
		{"another relation", `{"msgtype": "m.text", "body": "!rt scale web 0", "m.relates_to": {"rel_type": "org.example", "event_id": "$first"}}`, ""},
		{"a quote", text("> !rt scale gitea 0"), ""},
		{"an answer to a command", `{"msgtype": "m.text", "body": "> <@alice:example.org> !rt scale gitea 0\n\nwhy?", "m.relates_to": {"m.in_reply_to": {"event_id": "$first"}}}`, ""},
		{"a command in an answer", `{"msgtype": "m.text", "body": "> <@alice:example.org> !rt scale gitea 0\n\n!rt status", "m.relates_to": {"m.in_reply_to": {"event_id": "$first"}}}`, "!rt status"},
		{"a picture with that name", `{"msgtype": "m.image", "body": "!rt scale gitea 0", "url": "mxc://example.org/a"}`, ""},
		{"an action", `{"msgtype": "m.emote", "body": "!rt scale gitea 0"}`, ""},
		{"what a program says", `{"msgtype": "m.notice", "body": "!rt scale gitea 0"}`, ""},
		{"no type", `{"body": "!rt scale gitea 0"}`, ""},
		{"no body", `{"msgtype": "m.text"}`, ""},
		{"a body that is an object", `{"msgtype": "m.text", "body": {"a": "!rt scale gitea 0"}}`, ""},
		{"only a formatted body", `{"msgtype": "m.text", "format": "org.matrix.custom.html", "formatted_body": "!rt scale gitea 0"}`, ""},
		{"another formatted body", `{"msgtype": "m.text", "body": "!rt status", "format": "org.matrix.custom.html", "formatted_body": "!rt scale gitea 0"}`, "!rt status"},
		{"a line that turns its direction", text("!rt scale \u202eaetig 0"), "!rt scale \u202eaetig 0"},
		{"nothing", `{}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := matrix.RequestOf(event("m.room.message", tt.content, 0), "Release Train", noon)
			if ok != (tt.want != "") || got.Text != tt.want {
				t.Errorf("got %q, %v; want %q", got.Text, ok, tt.want)
			}
		})
	}
}

func TestWhoAskedWhere(t *testing.T) {
	t.Parallel()
	want := chat.Request{
		Key: "$asked", Room: chat.Room{Platform: "matrix", ID: "!team:example.org/$asked"}, Text: "!rt status", At: noon,
		User: chat.User{Platform: "matrix", ID: "@bob:example.org", Name: "bob"},
	}
	got, _ := matrix.RequestOf(event("m.room.message", text("!rt status"), 0), "", noon)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want.Room.ID = "!team:example.org/$root"
	inThread := `{"msgtype": "m.text", "body": "!rt status", "m.relates_to": {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": true, "m.in_reply_to": {"event_id": "$last"}}}`
	got, _ = matrix.RequestOf(event("m.room.message", inThread, 0), "", noon)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in a thread (-want +got):\n%s", diff)
	}
}

func TestWhatIsNoRequestHoweverItReads(t *testing.T) {
	t.Parallel()
	asked := string(event("m.room.message", text("!rt scale gitea 0"), 0))
	tests := []struct{ name, event string }{
		{"the bot's own", strings.Replace(asked, "@bob:", "@rt:", 1)},
		{"nobody's", strings.Replace(asked, "@bob:example.org", "", 1)},
		{"without a name", strings.Replace(asked, "$asked", "", 1)},
		{"a state of the room", strings.Replace(asked, `"sender"`, `"state_key": "", "sender"`, 1)},
		{"taken back", strings.Replace(asked, `"sender"`, `"unsigned": {"redacted_because": {"type": "m.room.redaction"}}, "sender"`, 1)},
		{"another kind", strings.Replace(asked, "m.room.message", "m.room.name", 1)},
		{"a reaction", string(event("m.reaction", `{"m.relates_to": {"rel_type": "m.annotation", "event_id": "$card", "key": "!rt scale gitea 0"}}`, 0))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := matrix.RequestOf([]byte(tt.event), "", noon); ok {
				t.Errorf("got %+v, want nothing", got)
			}
		})
	}
}

func TestWhatIsTooOldIsDoubted(t *testing.T) {
	t.Parallel()
	for before, want := range map[time.Duration]chat.Doubt{0: "", matrix.TooLate: "", matrix.TooLate + time.Second: chat.Late, -time.Hour: ""} {
		got, ok := matrix.RequestOf(event("m.room.message", text("!rt status"), before), "", noon)
		if !ok || got.Doubt != want {
			t.Errorf("%s before: got the doubt %q, want %q", before, got.Doubt, want)
		}
	}
}

func TestWhichReactionsAgree(t *testing.T) {
	t.Parallel()
	reaction := func(kind, key string) []byte {
		return event("m.reaction", fmt.Sprintf(`{"m.relates_to": {"rel_type": %q, "event_id": "$card", "key": %q}}`, kind, key), 0)
	}
	tests := []struct {
		name  string
		event []byte
		want  string
	}{
		{"a tick", reaction("m.annotation", "✅"), "$card"},
		{"a thumb", reaction("m.annotation", "👍"), "$card"},
		{"a thumb of a colour", reaction("m.annotation", "👍🏽"), "$card"},
		{"a thumb with a variation", reaction("m.annotation", "👍️"), "$card"},
		{"a thumb down", reaction("m.annotation", "👎"), ""},
		{"a word", reaction("m.annotation", "approve"), ""},
		{"two signs", reaction("m.annotation", "👍👍"), ""},
		{"another relation", reaction("m.thread", "👍"), ""},
		{"an old one", event("m.reaction", `{"m.relates_to": {"rel_type": "m.annotation", "event_id": "$card", "key": "👍"}}`, time.Hour), ""},
		{"a message", event("m.room.message", text("👍"), 0), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := matrix.NodOf(tt.event, noon); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// FuzzEvent hands over whatever a homeserver may send: nothing panics, and what asks for something says who asks, where, and
// under which key.
func FuzzEvent(f *testing.F) {
	for _, content := range []string{
		text("!rt scale gitea 2"), text("@rt:example.org: help"), text("rt, help"), `{}`, `null`, `{"msgtype": "m.text", "body": []}`,
		`{"msgtype": "m.text", "body": "!rt", "m.relates_to": {"rel_type": "m.thread"}}`,
		`{"msgtype": "m.text", "body": "!rt", "m.relates_to": 7, "m.mentions": {"user_ids": null}}`,
		`{"msgtype": "m.text", "body": "!rt\u0000\ud800", "m.relates_to": {"m.in_reply_to": {"event_id": ""}}}`,
	} {
		f.Add(event("m.room.message", content, 0))
		f.Add(event("m.room.encrypted", content, 0))
	}
	f.Add(event("m.reaction", `{"m.relates_to": {"rel_type": "m.annotation", "event_id": "$card", "key": "👍"}}`, 0))
	f.Fuzz(func(t *testing.T, text []byte) {
		_ = matrix.NodOf(text, noon)
		got, ok := matrix.RequestOf(text, "rt", noon)
		if !ok {
			return
		}
		room, thread, whole := strings.Cut(got.Room.ID, "/")
		if got.Key == "" || got.User.ID == "" || got.User.ID == "@rt:example.org" || !whole || room == "" || thread == "" || !strings.HasPrefix(got.Text, "!rt") {
			t.Errorf("%q became %+v", text, got)
		}
	})
}
