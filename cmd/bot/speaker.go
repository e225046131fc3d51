package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rtbot/chat"
)

// away is how long the bot may not answer before say gives it up.
const away = 8 * time.Second

// speaker talks to the web chat of a running bot.
type speaker struct {
	base     string
	as       string
	language string
	http     *http.Client
	each     func(chat.Card) error // called with every version of a card
}

// press presses a button of a card: the same as saying its command.
func (s speaker) press(ctx context.Context, card chat.Card, label string) (chat.Card, error) {
	var labels []string
	for _, b := range card.Buttons {
		if strings.EqualFold(b.Label, label) || b.Command == label {
			return s.say(ctx, b.Command)
		}
		labels = append(labels, fmt.Sprintf("%q", b.Label))
	}
	return chat.Card{}, fmt.Errorf("the card has no button %q, only %s", label, strings.Join(labels, ", "))
}

// say says a line and waits for the final card.
func (s speaker) say(ctx context.Context, line string) (chat.Card, error) {
	receipt, err := s.post(ctx, line)
	if err != nil {
		return chat.Card{}, err
	}
	card, err := s.follow(ctx, receipt.Delivery)
	if err != nil && receipt.Operation != "" {
		return card, fmt.Errorf("operation %s: %w", receipt.Operation, err)
	}
	return card, err
}

type receipt struct {
	Delivery  string `json:"delivery"`
	Operation string `json:"operation"`
}

func (s speaker) post(ctx context.Context, line string) (receipt, error) {
	body, err := json.Marshal(map[string]string{"line": line, "as": s.as, "key": rand.Text()})
	if err != nil {
		return receipt{}, fmt.Errorf("say: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/say", bytes.NewReader(body))
	if err != nil {
		return receipt{}, fmt.Errorf("say: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Rt-Client", "say") // no page of another site can set it
	req.Header.Set("Accept-Language", s.language)
	resp, err := s.http.Do(req)
	if err != nil {
		return receipt{}, fmt.Errorf("the bot does not answer at %s; nothing was done: %w", s.base, bare(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return receipt{}, fmt.Errorf("the bot did not take the line: %s", strings.TrimSpace(string(said)))
	}
	var r receipt
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&r); err != nil {
		return receipt{}, fmt.Errorf("read receipt: %w", err)
	}
	return r, nil
}

// bare takes the address off an error of the HTTP client.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// follow reads the versions of a card until a final one. A bot that goes away is waited for, for as long as a restart may
// take.
func (s speaker) follow(ctx context.Context, delivery string) (chat.Card, error) {
	var last chat.Card
	gone := time.Time{}
	for {
		heard, err := s.listen(ctx, delivery, &last)
		if err == nil && last.State.Final() {
			return last, nil
		}
		if ctx.Err() != nil {
			return last, errors.New("there is no final answer yet, and the time is up; it goes on without you")
		}
		if heard {
			gone = time.Time{}
		}
		if gone.IsZero() {
			gone = time.Now()
		}
		if time.Since(gone) > away {
			return last, errors.New("the bot went away; what it accepted goes on when it is back")
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// listen reads one stream of versions, and tells whether the bot said anything.
func (s speaker) listen(ctx context.Context, delivery string, last *chat.Card) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.open(ctx, delivery)
	if err != nil {
		return false, err
	}
	defer stream.Close()
	// The bot sends a heartbeat every two seconds: a stream that is silent for longer is a dead one.
	silence := time.AfterFunc(away, cancel)
	defer silence.Stop()
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		heard = true
		silence.Reset(away)
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := s.heard(data, last); err != nil || last.State.Final() {
			return heard, err
		}
	}
	return heard, cmp.Or(lines.Err(), io.ErrUnexpectedEOF)
}

func (s speaker) open(ctx context.Context, delivery string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/messages/"+delivery+"/events", http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("status %d", resp.StatusCode), resp.Body.Close())
	}
	return resp.Body, nil
}

func (s speaker) heard(data string, last *chat.Card) error {
	var card chat.Card
	if err := json.Unmarshal([]byte(data), &card); err != nil {
		return fmt.Errorf("read card: %w", err)
	}
	*last = card
	return s.each(card)
}
