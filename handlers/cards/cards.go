// Package cards words what verbs and reports both tell: an operation, a refusal. It is given values and makes a card; it
// looks nothing up and decides nothing.
package cards

import (
	"rtbot/chat"
	"rtbot/handlers/refusal"
	"rtbot/lang"
)

// Maker makes cards. Its links are made by us from the configuration, never from what an answer says.
type Maker struct {
	CommitURL      func(sha string) string
	ApplicationURL func(name string) string
	// SecretsURL is the page where a person changes the secrets in GitHub, and SecretName is which of them a secret of the
	// cluster is made of, empty where none is known.
	SecretsURL string
	SecretName func(namespace, name string) string
}

// Refused is the card of a no.
func (m Maker) Refused(w lang.Words, why *refusal.Error) chat.Card {
	c := chat.Card{
		State: chat.Refused, Mood: chat.Careful, Language: w.Tag(),
		Title: w.Say(why.Key, why.With), Text: []string{w.Say("refused.nothing-done", nil)},
	}
	if why.Misread {
		c.State = chat.Misunderstood
	}
	if why.Code == refusal.Internal {
		c.State, c.Mood, c.Text = chat.Failed, chat.Bad, nil
	}
	return withEvidence(w, c, why)
}

// withEvidence adds what the other side said, and the commands that lead on.
func withEvidence(w lang.Words, c chat.Card, why *refusal.Error) chat.Card {
	if why.Quote != "" {
		c.Quotes = append(c.Quotes, chat.Quote{Label: w.Say("card.said", nil), Text: why.Quote})
	}
	for _, command := range why.Try {
		c.Buttons = append(c.Buttons, chat.Button{Label: command, Command: command})
	}
	return c
}
