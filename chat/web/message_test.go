package web_test

import (
	"testing"
	"time"

	"rtbot/chat"
)

// message is one that ada asked, with a short card in that state.
func message(delivery string, version int, state chat.State) chat.Message {
	return chat.Message{
		Delivery: delivery, Version: version,
		Request: chat.Request{
			Key: "key-" + delivery, Room: room, User: chat.User{Platform: "web", ID: "ada", Name: "Ada"}, Text: "scale gitea 2",
			At: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
		},
		Card: chat.Card{State: state, Mood: chat.Neutral, Title: "gitea: version " + string(rune('0'+version)), Language: "en"},
	}
}

func TestAMessageIsGivenWithItsNewestCard(t *testing.T) {
	m := message("1", 3, chat.Done)
	m.Card.Operation, m.Card.Facts = "k7f3q2mz", []chat.Fact{{Label: "Commit", Value: "<1a2b>"}}
	elsewhere := message("2", 1, chat.Done)
	elsewhere.Request.Room.ID = "other"
	k := &talk{messages: []chat.Message{m, elsewhere}}
	at := open(t, k, nil)
	tests := []struct {
		name, path string
		status     int
		want       string
	}{
		{
			"a message", "/messages/1", 200, `{"delivery":"1","operation":"k7f3q2mz","line":"scale gitea 2","version":3,` +
				`"card":{"operation":"k7f3q2mz","state":"done","mood":"neutral","title":"gitea: version 3","language":"en",` +
				`"facts":[{"label":"Commit","value":"\u003c1a2b\u003e"}]}}`,
		},
		{"a number that nobody knows", "/messages/9", 404, `{"error":"[web.error-message]"}`},
		{"a message of another room", "/messages/2", 404, `{"error":"[web.error-message]"}`},
		{"the stream of a number that nobody knows", "/messages/9/events", 404, `{"error":"[web.error-message]"}`},
		{"the stream of another room's message", "/messages/2/events", 404, `{"error":"[web.error-message]"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, body := at.read(t, tt.path, nil); status != tt.status || body != tt.want+"\n" {
				t.Errorf("%s was answered with %d %s", tt.path, status, body)
			}
		})
	}
	k.tearDown()
	for _, path := range []string{"/", "/messages/1", "/messages/1/events"} {
		if status, body := at.read(t, path, with("Accept-Language", "fr")); status != 503 || body != `{"error":"[fr web.error-read]"}`+"\n" {
			t.Errorf("without its store %s was answered with %d %s", path, status, body)
		}
	}
}
