package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"rtbot/chat"
)

const (
	// formCallback is how our modals are called; the command that a form is for stands behind it.
	formCallback = "form:"
	// formAction is what the one element of each field is called.
	formAction = "value"
	// formTime is how long opening a form may take: Slack's trigger is good for 3 seconds, and what cannot be opened still
	// has to be stored and acknowledged within them.
	formTime = 1300 * time.Millisecond
	// mostTitle and mostOptions are what Slack allows a modal's title and a list.
	mostTitle   = 24
	mostOptions = 100
	mostHint    = 2000
	mostExample = 150
)

// offerForm opens a form for a command that says too little to be done. It reports whether one stands open: then nothing
// was asked yet.
func (s *Slack) offerForm(ctx context.Context, c slack.SlashCommand, req chat.Request) bool {
	ctx, cancel := context.WithTimeout(ctx, formTime)
	defer cancel()
	req.Languages = s.people.languages(ctx, req.User.ID)
	form, ok := s.talk.Form(ctx, req)
	if !ok {
		return false
	}
	view := layOutForm(form)
	view.PrivateMetadata = s.seal(c.ChannelID, c.UserID)
	if _, err := s.api.OpenViewContext(ctx, c.TriggerID, view); err != nil {
		s.log.WarnContext(ctx, "open form", "key", req.Key, "error", err)
		return false
	}
	return true
}

// submitted takes a form that was sent. What is wrong in it is said in the form; what is right is stored, and answered in the
// channel where the form was asked for.
func (s *Slack) submitted(ctx context.Context, i slack.InteractionCallback) (outcome, error) {
	verb, ours := strings.CutPrefix(i.View.CallbackID, formCallback)
	if !ours || i.User.ID == "" || i.View.ID == "" {
		return outcome{}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	req := chat.Request{User: user(i.User.ID, i.User.Name), At: s.now(), Languages: s.people.languages(ctx, i.User.ID)}
	line, wrong := s.talk.Line(req, chat.Filled{Verb: verb, Values: filledIn(i.View.State)})
	if len(wrong) > 0 {
		return outcome{key: i.View.ID, answer: slack.NewErrorsViewSubmissionResponse(shortMistakes(wrong))}, nil
	}
	// The channel is the one that the command came from, or nobody's: a form whose channel was changed is answered to its
	// sender alone, and where the bot is only to be asked in some channels it is refused like any other.
	channel := s.unseal(i.View.PrivateMetadata, i.User.ID)
	if channel == "" {
		s.log.WarnContext(ctx, "form with another channel", "view", i.View.ID, "user", i.User.ID)
		channel = i.User.ID
	}
	// The same form sent twice is the same request, and one that was corrected in between is another.
	sum := sha256.Sum256([]byte(line))
	req.Key, req.Room, req.Text = "form:"+i.View.ID+":"+hex.EncodeToString(sum[:8]), place(channel, ""), "/rt "+line
	_, err := s.talk.Receive(ctx, req)
	return outcome{key: req.Key}, err
}

// seal binds a channel to the person who typed the command there, so that the form can carry it through their hands.
func (s *Slack) seal(channel, user string) string {
	return channel + " " + hex.EncodeToString(s.mark(channel, user))
}

// unseal gives the channel back, or nothing where it is not the one that was sealed for that person.
func (s *Slack) unseal(sealed, user string) string {
	channel, given, _ := strings.Cut(sealed, " ")
	mark, err := hex.DecodeString(given)
	if err != nil || !hmac.Equal(mark, s.mark(channel, user)) {
		return ""
	}
	return channel
}

func (s *Slack) mark(channel, user string) []byte {
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte("form\x00" + channel + "\x00" + user)) // a hash takes everything
	return mac.Sum(nil)
}

// layOutForm is a form as a modal.
func layOutForm(f chat.Form) slack.ModalViewRequest {
	view := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formCallback + f.Verb, Title: label(f.Title, mostTitle), Submit: label(f.Submit, mostTitle),
	}
	for _, field := range f.Fields {
		block := slack.NewInputBlock(field.Name, label(field.Label, mostText), nil, element(field))
		if field.Hint != "" {
			block.Hint = label(field.Hint, mostHint)
		}
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, block.WithOptional(!field.Required))
	}
	return view
}

// element is a field as a list, or as a line where there are more choices than Slack's lists take.
func element(f chat.Field) slack.BlockElement {
	var example *slack.TextBlockObject
	if f.Example != "" {
		example = label(f.Example, mostExample)
	}
	if f.Kind != chat.FieldChoice || len(f.Options) > mostOptions {
		return slack.NewPlainTextInputBlockElement(example, formAction)
	}
	var options []*slack.OptionBlockObject
	for _, o := range f.Options {
		option := slack.NewOptionBlockObject(o.Value, label(o.Label, mostLabel), nil)
		if o.Hint != "" {
			option.Description = label(o.Hint, mostLabel)
		}
		options = append(options, option)
	}
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, example, formAction, options...)
}

// label is plain text of at most that many characters.
func label(text string, most int) *slack.TextBlockObject {
	all := []rune(visible(text))
	if len(all) > most {
		all = append(all[:most-1], '…')
	}
	return slack.NewTextBlockObject(slack.PlainTextType, string(all), false, false)
}

// filledIn are the values of a form by its fields.
func filledIn(state *slack.ViewState) map[string]string {
	values := map[string]string{}
	if state == nil {
		return values
	}
	for field, elements := range state.Values {
		a, ok := elements[formAction]
		if !ok {
			continue
		}
		values[field] = a.Value
		if a.SelectedOption.Value != "" {
			values[field] = a.SelectedOption.Value
		}
	}
	return values
}

// shortMistakes keeps what is wrong to what a modal shows below a field.
func shortMistakes(wrong chat.Mistakes) map[string]string {
	short := map[string]string{}
	for field, what := range wrong {
		short[field] = label(what, mostHint).Text
	}
	return short
}
