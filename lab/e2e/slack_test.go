//go:build e2e

package e2e

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rtbot/chat/slack/slacktest"
	"rtbot/lab/part"
)

// workspace is a Slack with the team in it, and a bot that talks there.
type workspace struct {
	*slacktest.Server

	t   *testing.T
	bot *bot
}

const channel = "C0TEAM"

// slackers are the team's people by what they are called in Slack.
var slackers = map[string]string{"alice": "U0ALICE", "bob": "U0BOB", "carol": "U0CAROL", "dave": "U0DAVE", "mallory": "U0MALLORY"}

// newWorkspace is a workspace with a bot that opens the connections itself.
func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := workspaceWith(t, "app_token: {file: bot/slack-app}")
	w.connected()
	return w
}

// workspaceWith is a workspace with a bot that is configured for Slack in some way.
func workspaceWith(t *testing.T, way string) *workspace {
	t.Helper()
	w := &workspace{Server: slacktest.New(), t: t}
	w.AddChannel(channel)
	for name, id := range slackers {
		w.AddUser(slacktest.User{ID: id, Name: name, Locale: "en-US"})
	}
	listener := httptest.NewServer(w)
	t.Cleanup(listener.Close)
	text, err := os.ReadFile(filepath.Join(labDir, "rt.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	// A workspace has a journal of its own: what the bot owes to another one is not posted here.
	config := strings.Replace(string(text), "sqlite:rt.db", "sqlite:"+filepath.Join(t.TempDir(), "rt.db"), 1)
	config += "slack: {" + way + ", bot_token: {file: bot/slack-bot}, channels: [" + channel + "], api_url: \"" + listener.URL + "/api\"}\n"
	for name, id := range slackers {
		config = strings.Replace(config, "web: "+name+"}", "web: "+name+", slack: "+id+"}", 1)
	}
	for file, text := range map[string]string{
		"rt-slack.yaml": config, "bot/slack-app": slacktest.AppToken, "bot/slack-bot": slacktest.BotToken, "bot/slack-signing": slacktest.SigningSecret,
	} {
		if err := os.WriteFile(filepath.Join(labDir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.bot = serveWith(t, "rt-slack.yaml")
	return w
}

func (w *workspace) connected() {
	w.t.Helper()
	eventually(w.t, 10*time.Second, "the bot is in Slack", func() error {
		if n := w.Connections(); n != 2 {
			return errorf("%d connections", n)
		}
		return nil
	})
}

// ask types a slash command, and returns the message that answers it.
func (w *workspace) ask(who, line string) (index int) {
	w.t.Helper()
	index = len(w.Messages(channel))
	if err := w.Deliver(w.t.Context(), w.Command(slackers[who], channel, line)); err != nil {
		w.t.Fatal(err)
	}
	return index
}

// reads waits until a message has these texts in it, and returns it.
func (w *workspace) reads(index int, parts ...string) slacktest.Message {
	w.t.Helper()
	var m slacktest.Message
	eventually(w.t, 30*time.Second, strings.Join(parts, ", "), func() error {
		all := w.Messages(channel)
		if len(all) <= index {
			return errorf("%d messages", len(all))
		}
		m = all[index]
		for _, part := range parts {
			if text := m.Current().Reads(); !strings.Contains(text, part) {
				return errorf("it reads:\n%s", text)
			}
		}
		return nil
	})
	return m
}

func TestAScaleInSlack(t *testing.T) {
	w := newWorkspace(t)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	m := w.reads(w.ask("bob", "scale jenkins 2"), "jenkins: replicas is now 2, and 2 of 2 pods are ready.", "✓ verified")
	if n, _ := commits(t, before); n != 1 || len(m.Versions) < 2 || len(w.Messages(channel)) != 1 {
		t.Errorf("got %d commits and %d messages, the first with %d versions; want one, and one that was edited", n, len(w.Messages(channel)), len(m.Versions))
	}
	wants(t, git(t, "log", "-1", "--format=%B"), "Requested-by: bob (slack:U0BOB)")
	w.reads(w.ask("bob", "scale jenkins 2"), "jenkins: replicas is already 2.")
	w.reads(w.ask("bob", "sclae jenkins 2"), "Did you mean scale?")
	w.reads(w.ask("carol", "scale jenkins 3"), "Your role only reads.")
	w.reads(w.ask("mallory", "scale jenkins 3"), "I do not know you")
	if n, _ := commits(t, before); n != 1 {
		t.Errorf("got %d commits, want one", n)
	}
	must(t, 0, "/rt scale jenkins 1")
}

func TestAnApprovalInSlack(t *testing.T) {
	w := newWorkspace(t)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	index := w.ask("bob", "scale jenkins 0")
	m := w.reads(index, "needs an approval", "no pod of Deployment/jenkins is left")
	for who, says := range map[string]string{"bob": "Only an admin can do this.", "carol": "Only an admin can do this."} {
		at := len(w.Messages(channel))
		if err := w.Deliver(t.Context(), w.Press(slackers[who], m, "Approve")); err != nil {
			t.Fatal(err)
		}
		w.reads(at, says)
	}
	if n, _ := commits(t, before); n != 0 {
		t.Fatalf("got %d commits before the approval", n)
	}
	if err := w.Deliver(t.Context(), w.Press(slackers["dave"], m, "Approve")); err != nil {
		t.Fatal(err)
	}
	w.reads(index, "jenkins: replicas is now 0")
	must(t, 0, "/rt scale jenkins 1")
}

func TestAnApprovalIsVoidWhenTheFileChanged(t *testing.T) {
	w := newWorkspace(t)
	must(t, 0, "/rt scale jenkins 1")
	index := w.ask("bob", "scale jenkins 0")
	m := w.reads(index, "needs an approval")
	push(t, func(dir string) {
		replaceInJenkins(t, dir, "replicas: 1", "replicas: 1 # one is enough")
	})
	before := head(t)
	if err := w.Deliver(t.Context(), w.Press(slackers["dave"], m, "Approve")); err != nil {
		t.Fatal(err)
	}
	w.reads(index, "the approval is void", "Nothing was changed.")
	if n, _ := commits(t, before); n != 0 {
		t.Errorf("got %d commits, want none", n)
	}
	push(t, func(dir string) { replaceInJenkins(t, dir, " # one is enough", "") })
}

// A bot that is killed in the middle goes on with the same message.
func TestAKilledBotGoesOnInSlack(t *testing.T) {
	w := newWorkspace(t)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	fault(t, map[string]any{"kind": "slow", "wait": int64(5 * time.Second), "times": 1})
	index := w.ask("bob", "scale jenkins 3")
	w.reads(index, "✓ planned")
	time.Sleep(time.Second) // a bot that is killed before it has noted its message says so in a second one
	w.bot.stop(syscall.SIGKILL)
	w.bot.start()
	w.connected()
	w.reads(index, "jenkins: replicas is now 3, and 3 of 3 pods are ready.")
	if n, _ := commits(t, before); n != 1 || len(w.Messages(channel)) != 1 {
		t.Errorf("got %d commits and %d messages, want one of each", n, len(w.Messages(channel)))
	}
	must(t, 0, "/rt scale jenkins 1")
}

// /rt alone opens a form; what is wrong in it is said there, and what is right goes on as if it had been typed.
func TestAFormInSlack(t *testing.T) {
	w := newWorkspace(t)
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	w.alone("carol")
	if verbs := w.Views(slackers["carol"])[0].Fields()["verb"]; slices.Contains(verbs, "scale") || !slices.Contains(verbs, "status") {
		t.Errorf("a viewer can choose from %q", verbs)
	}
	w.alone("bob")
	form := w.Views(slackers["bob"])[0]
	if apps := form.Fields()["app"]; !slices.Contains(apps, "jenkins") {
		t.Errorf("the apps are %q", apps)
	}
	send := func(value string) slacktest.Reply {
		reply, err := w.DeliverView(t.Context(), w.Submit(form, map[string]string{"verb": "scale", "app": "jenkins", "value": value}))
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	wants(t, send("two").Errors["value"], "is not a number of replicas")
	if n := len(w.Messages(channel)); n != 0 {
		t.Fatalf("got %d messages for a form that is wrong", n)
	}
	send("2")
	w.reads(0, "jenkins: replicas is now 2, and 2 of 2 pods are ready.", "✓ verified")
	if n, _ := commits(t, before); n != 1 {
		t.Errorf("got %d commits, want one", n)
	}
	must(t, 0, "/rt scale jenkins 1")
}

// alone types the command and nothing else.
func (w *workspace) alone(who string) {
	w.t.Helper()
	if err := w.Deliver(w.t.Context(), w.Command(slackers[who], channel, "")); err != nil {
		w.t.Fatal(err)
	}
	if n := len(w.Views(slackers[who])); n != 1 {
		w.t.Fatalf("%s has %d forms", who, n)
	}
}

// Over HTTP Slack comes to the bot; what it sends again is done once.
func TestAScaleInSlackOverHTTP(t *testing.T) {
	ports, err := part.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	address := part.Address(ports[0])
	w := workspaceWith(t, "mode: http, listen: \""+address+"\", signing_secret: {file: bot/slack-signing}")
	must(t, 0, "/rt scale jenkins 1")
	before := head(t)
	say := w.Command(slackers["bob"], channel, "scale jenkins 2")
	for redelivery := range 3 {
		if _, err := w.Post(t.Context(), "http://"+address, say, redelivery); err != nil {
			t.Fatal(err)
		}
	}
	m := w.reads(0, "jenkins: replicas is now 2, and 2 of 2 pods are ready.", "✓ verified")
	if n, _ := commits(t, before); n != 1 || len(m.Versions) < 2 || len(w.Messages(channel)) != 1 {
		t.Errorf("got %d commits and %d messages, the first with %d versions; want one, and one that was edited", n, len(w.Messages(channel)), len(m.Versions))
	}
	if n := w.Connections(); n != 0 {
		t.Errorf("the bot opened %d connections", n)
	}
	must(t, 0, "/rt scale jenkins 1")
}

func TestTheDoctorLooksAtSlack(t *testing.T) {
	w := newWorkspace(t)
	look := func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, binary("bot"), "doctor", "--config", w.bot.config).CombinedOutput()
		return string(out), err
	}
	out, err := look()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	wants(t, out, "both tokens are good in rt", "no scope is too much")
}
