package slack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/slack"
	"rtbot/chat/slack/slacktest"
)

// openForm types the command alone, and returns the form that opens.
func (w *world) openForm(user, channel string) slacktest.View {
	w.t.Helper()
	w.deliver(w.server.Command(user, channel, ""))
	all := w.server.Views(user)
	if len(all) == 0 {
		w.t.Fatal("no form opened")
	}
	return all[len(all)-1]
}

func (w *world) submit(v slacktest.View, filled map[string]string) slacktest.Reply {
	w.t.Helper()
	reply, err := w.server.DeliverView(w.t.Context(), w.server.Submit(v, filled))
	if err != nil {
		w.t.Fatal(err)
	}
	return reply
}

func TestTheCommandAloneOpensAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	view := w.openForm("U1", "C1")
	want := map[string][]string{"verb": {"scale"}, "app": {"gitea"}, "value": nil}
	if diff := cmp.Diff(want, view.Fields()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(w.talk.keys); n != 0 {
		t.Errorf("got %d requests before anything was asked", n)
	}

	filled := map[string]string{"verb": "scale", "app": "gitea"}
	wrong := w.submit(view, filled)
	if diff := cmp.Diff(map[string]string{"value": "how many?"}, wrong.Errors); diff != "" || len(w.talk.keys) != 0 || len(w.server.Views("U1")) != 1 {
		t.Errorf("the form closed, or %d requests were stored (-want +got):\n%s", len(w.talk.keys), diff)
	}
	filled["value"] = "2"
	again := w.server.Submit(view, filled)
	for range 2 { // an answer that is lost makes people press again
		if _, err := w.server.DeliverView(t.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-w.talk.heard; got.Text != "/rt scale gitea 2" || got.Room.ID != "C1" || got.User.ID != "U1" || len(w.talk.keys) != 1 {
		t.Errorf("got %+v, of %d requests", got, len(w.talk.keys))
	}
	if n := len(w.server.Views("U1")); n != 0 {
		t.Errorf("%d forms stand open", n)
	}
}

func TestWhereNoFormOpensTheCommandIsAsked(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(w *world) slacktest.Say{
		"the trigger is too old": func(w *world) slacktest.Say {
			s := w.server.Command("U1", "C1", "")
			w.server.Wait(4 * time.Second)
			return s
		},
		"Slack has a bad moment": func(w *world) slacktest.Say {
			w.server.Fault(slacktest.Fault{Method: "views.open", Error: "internal_error"})
			return w.server.Command("U1", "C1", "")
		},
		"there is none for a guest": func(w *world) slacktest.Say { return w.server.Command("U2", "C1", "") },
		"a mention has no trigger":  func(w *world) slacktest.Say { return w.server.Mention("U1", "C1", "", "") },
		"the form is wrong to Slack": func(w *world) slacktest.Say {
			w.server.Fault(slacktest.Fault{Method: "views.open", Error: "invalid_arguments"})
			return w.server.Command("U1", "C1", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.deliver(prepare(w))
			if got := <-w.talk.heard; got.Text != "/rt " {
				t.Errorf("got %q", got.Text)
			}
		})
	}
}

// What a form carries through somebody's hands gives them nothing: another channel in it makes the answer private.
func TestAFormWhoseChannelWasChangedIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.AddUser(slacktest.User{ID: "U3", Name: "mallory"})
	w.server.AddChannel("C7")
	good := w.openForm("U1", "C1")
	for name, change := range map[string]func(v *slacktest.View){
		"another channel":       func(v *slacktest.View) { v.Metadata = strings.Replace(v.Metadata, "C1", "C7", 1) },
		"another person's form": func(v *slacktest.View) { v.User = "U3" },
		"no seal":               func(v *slacktest.View) { v.Metadata = "C7" },
		"a seal that is none":   func(v *slacktest.View) { v.Metadata = "C7 zz" },
		"nothing":               func(v *slacktest.View) { v.Metadata = "" },
	} {
		v := good
		change(&v)
		w.submit(v, map[string]string{"verb": "scale", "app": name, "value": "2"})
		if got := <-w.talk.heard; got.Room.ID != v.User || got.User.ID != v.User {
			t.Errorf("%s: it is asked in %q by %q", name, got.Room.ID, got.User.ID)
		}
	}
}

func TestAFormOfAnotherAppIsNotOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.openForm("U1", "C1")
	v.Callback = "survey"
	w.submit(v, map[string]string{"verb": "scale", "app": "gitea", "value": "2"})
	if n := len(w.talk.keys); n != 0 {
		t.Errorf("got %d requests", n)
	}
}

func TestAPrivateAnswerIsForItsAskerAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.show(w.talk.answer(asked, card(chat.Working, "making a link")))
	secret := chat.Card{State: chat.Done, Private: true, Title: "your link", Language: "fr", Facts: []chat.Fact{{Label: "Link", Value: "https://k7.example.org"}}}
	if err := w.slack.Show(t.Context(), w.talk.answer(asked, secret)); err != nil {
		t.Fatal(err)
	}
	w.eventually("the note", func() bool { return strings.Contains(w.server.Messages("C1")[0].Current().Reads(), "slack.private fr") })
	w.eventually("the answer", func() bool { return len(w.server.Messages("U1")) == 1 })
	for _, v := range w.server.Messages("C1")[0].Versions {
		if strings.Contains(v.Text+string(v.Blocks), "your link") || strings.Contains(string(v.Blocks), "k7.example.org") {
			t.Errorf("the channel reads %s", v.Blocks)
		}
	}
	// Another process edits both messages.
	w.eventually("both are remembered", func() bool { m, _ := w.talk.Message(t.Context(), "k"); return strings.Contains(m.Ref, " DU1:") })
	w.stop()
	secret.Title = "your link has ended"
	w.talk.answer(asked, secret)
	w.start()
	w.eventually("the edited answer", func() bool {
		all := w.server.Messages("U1")
		return len(all) == 1 && strings.Contains(all[0].Current().Reads(), "has ended")
	})
	if n := len(w.server.Messages("C1")); n != 1 {
		t.Errorf("got %d messages in the channel", n)
	}
}

func TestALongTextIsSentAsAFileOnce(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]slacktest.Fault{
		"at once":                nil,
		"after a bad moment":     {{Method: "files.completeUploadExternal", Error: "internal_error"}},
		"where blocks are hated": {{Method: "chat.postMessage", Error: "invalid_blocks"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, f := range faults {
				w.server.Fault(f)
			}
			log := strings.Repeat("a line of a log\n", 1000)
			long := chat.Card{State: chat.Answered, Title: "the log of gitea", Quotes: []chat.Quote{
				{Label: "Log", Text: log, File: "gitea.log"}, {Label: "Short", Text: "all of it", File: "short.log"}, {Label: "No file", Text: log},
			}}
			if name == "where blocks are hated" {
				long.Quotes = long.Quotes[:1]
			}
			if err := w.slack.Show(t.Context(), w.talk.answer(asked, long)); err != nil {
				t.Fatal(err)
			}
			w.eventually("it is noted", func() bool { m, _ := w.talk.Unshown(t.Context(), "slack"); return len(m) == 0 })
			m, files := w.server.Messages("C1"), w.server.Files()
			if len(m) != 1 || len(files) != 1 || files[0].Name != "gitea.log" || files[0].Text != log || files[0].Channel != "C1" || files[0].Thread != m[0].TS {
				t.Fatalf("got %d messages and the files %.300v", len(m), files)
			}
			reads := m[0].Current().Reads()
			if name != "where blocks are hated" && (!strings.Contains(reads, "slack.first-lines-file") || !strings.Contains(reads, "slack.first-lines\n") && !strings.HasSuffix(reads, "slack.first-lines ")) {
				t.Errorf("it reads %.200s", reads)
			}
		})
	}
}

// A workspace that gave no right to send files still has the first lines.
func TestWithoutTheRightToSendFilesTheCardIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Fault(slacktest.Fault{Method: "files.getUploadURLExternal", Error: "missing_scope", Times: 9})
	w.show(w.talk.answer(asked, chat.Card{State: chat.Answered, Title: "the log", Quotes: []chat.Quote{{Label: "Log", Text: strings.Repeat("line\n", 2000), File: "a.log"}}}))
	w.eventually("it is noted", func() bool { m, _ := w.talk.Unshown(t.Context(), "slack"); return len(m) == 0 })
}

func FuzzCard(f *testing.F) {
	f.Add("<!channel> <@U1>", "```\n<https://evil.example|Approve>", true)
	f.Add("&lt;!here&gt; *b*", "\u202Egnp\x00", false)
	f.Fuzz(func(t *testing.T, a, b string, plain bool) {
		c := chat.Card{
			State: chat.Failed, Title: a, Text: []string{b}, Facts: []chat.Fact{{Label: a, Value: b, Link: b}}, Quotes: []chat.Quote{{Label: a, Text: b, File: "f"}},
			Steps: []chat.Step{{Label: a, Note: b}}, Table: &chat.Table{Columns: []string{a}, Rows: [][]string{{b}}}, Buttons: []chat.Button{{Label: a, Command: "help"}},
		}
		_, blocks := slack.Written(chat.Message{Delivery: "d", Card: c}, slack.LookOf(plain, words()))
		deadText(t, blocks)
	})
}
