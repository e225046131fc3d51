package slacktest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"rtbot/chat/slack/slacktest"
)

// workspace is a workspace that unmodified slack-go talks to.
func workspace(t *testing.T) (*slacktest.Server, *slack.Client) {
	t.Helper()
	s := slacktest.New()
	s.AddUser(slacktest.User{ID: "U1", Name: "alice"})
	s.AddChannel("C1")
	l := httptest.NewServer(s)
	t.Cleanup(l.Close)
	client := slack.New(slacktest.BotToken, slack.OptionAPIURL(l.URL+"/api/"))
	if _, err := client.AuthTestContext(t.Context()); err != nil { // and the server knows where it is
		t.Fatal(err)
	}
	return s, client
}

// trigger is the trigger of a command that somebody types.
func trigger(t *testing.T, s *slacktest.Server) (id, responseURL string) {
	t.Helper()
	sent, err := s.Request(s.Command("U1", "C1", ""))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(sent.Body)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c, err := slack.SlashCommandParse(r)
	if err != nil {
		t.Fatal(err)
	}
	return c.TriggerID, c.ResponseURL
}

func modal(title string) slack.ModalViewRequest {
	text := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	return slack.ModalViewRequest{Type: slack.VTModal, Title: text(title), Submit: text("Send"), Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewInputBlock("value", text("Value"), nil, slack.NewPlainTextInputBlockElement(nil, "value")),
	}}}
}

func TestATriggerOpensOneViewWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	s, client := workspace(t)
	open := func(id, title string) string {
		_, err := client.OpenViewContext(t.Context(), id, modal(title))
		if err != nil {
			return err.Error()
		}
		return "open"
	}
	once, _ := trigger(t, s)
	late, _ := trigger(t, s)
	got := []string{open("nothing", "rt"), open(once, strings.Repeat("long", 7)), open(once, "rt"), open(once, "rt")}
	s.Wait(4 * time.Second)
	got = append(got, open(late, "rt"))
	if diff := cmp.Diff([]string{"invalid_trigger_id", "invalid_arguments", "open", "exchanged_trigger_id", "expired_trigger_id"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAViewIsUpdatedByItsHash(t *testing.T) {
	t.Parallel()
	s, client := workspace(t)
	id, _ := trigger(t, s)
	opened, err := client.OpenViewContext(t.Context(), id, modal("rt"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UpdateViewContext(t.Context(), modal("rt 2"), "", opened.Hash, opened.ID); err != nil {
		t.Error(err)
	}
	if _, err := client.UpdateViewContext(t.Context(), modal("rt 3"), "", opened.Hash, opened.ID); err == nil || err.Error() != "hash_conflict" {
		t.Errorf("got %v", err)
	}
	if all := s.Views("U1"); len(all) != 1 || !strings.Contains(string(all[0].JSON), "rt 2") {
		t.Errorf("got the views %+v", all)
	}
}

func TestAResponseURLTakesFiveAnswersWithinHalfAnHour(t *testing.T) {
	t.Parallel()
	s, client := workspace(t)
	_, used := trigger(t, s)
	_, late := trigger(t, s)
	respond := func(url string) error {
		_, _, err := client.PostMessageContext(t.Context(), "", slack.MsgOptionText("hello", false), slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))
		return err
	}
	for range 5 {
		if err := respond(used); err != nil {
			t.Error(err)
		}
	}
	if err := respond(used); err == nil {
		t.Error("a sixth answer was taken")
	}
	s.Wait(31 * time.Minute)
	if err := respond(late); err == nil {
		t.Error("an answer was taken after half an hour")
	}
	if _, err := client.PostEphemeralContext(t.Context(), "C1", "U1", slack.MsgOptionText("hello", false)); err != nil {
		t.Error(err)
	}
	if n := len(s.Whispers()); n != 6 || len(s.Messages("C1")) != 0 {
		t.Errorf("one person sees %d messages, and everybody %d", n, len(s.Messages("C1")))
	}
}

func TestAFileIsSharedOnce(t *testing.T) {
	t.Parallel()
	s, client := workspace(t)
	file := slack.UploadFileParameters{Filename: "a.log", Title: "Log", Content: "hello", FileSize: 5, Channel: "C1", ThreadTimestamp: "1.2"}
	if _, err := client.UploadFileContext(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	file.FileSize = 6
	if _, err := client.UploadFileContext(t.Context(), file); err == nil {
		t.Error("a file of another size than announced was taken")
	}
	got := s.Files()
	if len(got) != 1 || got[0].Text != "hello" || got[0].Thread != "1.2" || got[0].Title != "Log" {
		t.Errorf("got %+v", got)
	}
}
