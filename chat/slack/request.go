package slack

import (
	"regexp"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"rtbot/chat"
)

// requestOf is what an event asks for; most events ask for nothing.
func requestOf(data any) (chat.Request, bool) {
	switch data := data.(type) {
	case slack.SlashCommand:
		return ofCommand(data), data.UserID != "" && data.ChannelID != "" && data.TriggerID != ""
	case slackevents.EventsAPIEvent:
		return ofMention(data)
	case slack.InteractionCallback:
		return ofButton(data)
	}
	return chat.Request{}, false
}

// ofCommand reads a slash command. What it is called is the workspace's choice.
func ofCommand(c slack.SlashCommand) chat.Request {
	return chat.Request{
		Key: "command:" + c.TriggerID, Room: place(c.ChannelID, ""), User: user(c.UserID, c.UserName), Text: "/rt " + typed(c.Text),
	}
}

// ofMention reads a message that mentions the bot first: the only way to ask in a thread, and it is answered in that
// thread.
func ofMention(e slackevents.EventsAPIEvent) (chat.Request, bool) {
	m, ok := e.InnerEvent.Data.(*slackevents.AppMentionEvent)
	callback, outer := e.Data.(*slackevents.EventsAPICallbackEvent)
	if !ok || !outer || m.User == "" || m.BotID != "" || m.Edited != nil || callback.EventID == "" {
		return chat.Request{}, false
	}
	line, first := strings.CutPrefix(strings.TrimSpace(m.Text), "<@")
	_, line, closed := strings.Cut(line, ">")
	if !first || !closed {
		return chat.Request{}, false // it is spoken of, not to
	}
	return chat.Request{
		Key: "event:" + callback.EventID, Room: place(m.Channel, m.ThreadTimeStamp), User: user(m.User, ""), Text: "/rt " + typed(line),
	}, true
}

// ofButton reads a pressed button: the same as typing its command.
func ofButton(i slack.InteractionCallback) (chat.Request, bool) {
	if i.Type != slack.InteractionTypeBlockActions || len(i.ActionCallback.BlockActions) != 1 || i.User.ID == "" || i.TriggerID == "" {
		return chat.Request{}, false
	}
	a := i.ActionCallback.BlockActions[0]
	channel := i.Channel.ID
	if channel == "" {
		channel = i.Container.ChannelID
	}
	if a == nil || channel == "" || a.Value == "" || !strings.HasPrefix(a.ActionID, sayAction) {
		return chat.Request{}, false
	}
	return chat.Request{
		Key: "button:" + i.TriggerID, Room: place(channel, i.Container.ThreadTs), User: user(i.User.ID, i.User.Name), Text: "/rt " + a.Value,
	}, true
}

func user(id, name string) chat.User { return chat.User{Platform: Platform, ID: id, Name: name} }

// place is a channel, or a thread in it.
func place(channel, thread string) chat.Room {
	if thread != "" {
		channel += "/" + thread
	}
	return chat.Room{Platform: Platform, ID: channel}
}

// placeOf takes a room apart.
func placeOf(r chat.Room) (channel, thread string) {
	channel, thread, _ = strings.Cut(r.ID, "/")
	return channel, thread
}

// markup is what Slack puts around what it takes for a link, a person or a channel: <http://gitea.rt|gitea.rt>, <@U1>.
var markup = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// typed gives a text back as it was typed: Slack marks links up and escapes three characters.
// https://docs.slack.dev/messaging/formatting-message-text
func typed(s string) string {
	s = markup.ReplaceAllStringFunc(s, func(m string) string {
		parts := markup.FindStringSubmatch(m)
		switch {
		case parts[2] != "":
			return parts[2]
		case strings.HasPrefix(parts[1], "mailto:"):
			return strings.TrimPrefix(parts[1], "mailto:")
		}
		return parts[1]
	})
	return strings.TrimSpace(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s))
}
