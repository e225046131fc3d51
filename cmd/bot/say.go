package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"rtbot/chat"
	"rtbot/chat/console"
)

func defaultURL(getenv func(string) string) string {
	if u := getenv("RT_URL"); u != "" {
		return u
	}
	return "http://127.0.0.1:8090"
}

type sayCommand struct {
	As       string        `help:"Say it as this person, where the web chat believes names." placeholder:"NAME" default:"alice"`
	Press    string        `help:"Press the button of that label on the final card and follow it." placeholder:"LABEL"`
	JSON     bool          `help:"Print each version of the card as a line of JSON."`
	Language string        `help:"The language of the answer, as en or fr." placeholder:"TAG"`
	URL      string        `help:"The web chat of the bot (default $RT_URL, else ${url})." default:"${url}"`
	Timeout  time.Duration `help:"How long to wait for the final card." default:"5m"`
	Line     string        `arg:"" help:"The line, as '/rt scale gitea 2'."`
}

// Run says the line and prints its final card. The status tells how it ended.
func (c sayCommand) Run(ctx context.Context, p program) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s := speaker{base: strings.TrimRight(c.URL, "/"), as: c.As, language: c.Language, http: &http.Client{Timeout: c.Timeout}}
	s.each = progress(p.err)
	if c.JSON {
		s.each = func(card chat.Card) error { return json.NewEncoder(p.out).Encode(card) }
	}
	card, err := s.say(ctx, c.Line)
	if err == nil && c.Press != "" {
		card, err = s.press(ctx, card, c.Press)
	}
	if err != nil {
		fmt.Fprintln(p.err, "bot:", err)
		return errFailed
	}
	if !c.JSON {
		if _, err := io.WriteString(p.out, console.Render(card)); err != nil {
			return err
		}
	}
	return outcome(card.State)
}

// progress tells of each step of a change as it ends, so that nobody waits in silence.
func progress(out io.Writer) func(chat.Card) error {
	told := 0
	return func(card chat.Card) error {
		ended := 0
		for _, s := range card.Steps {
			if s.State != chat.StepDone {
				continue
			}
			if ended++; ended > told && card.State == chat.Working {
				if _, err := fmt.Fprintf(out, "… %s\n", s.Label); err != nil {
					return err
				}
				told = ended
			}
		}
		return nil
	}
}

// outcome is the status that a card's state stands for.
func outcome(s chat.State) error {
	switch s {
	case chat.Done, chat.Answered, chat.Already:
		return nil
	case chat.Refused, chat.Misunderstood, chat.Waiting:
		return errRefused
	case chat.Failed, chat.Working:
	}
	return errFailed
}
