package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/chat/web"
)

// events is an open stream.
type events struct{ lines *bufio.Reader }

// event is one event of a stream.
type event struct{ name, id, data string }

// listen opens a stream. Once it returns, the server knows the listener.
func (at *site) listen(t *testing.T, path string) events {
	t.Helper()
	answer := at.ask(t, http.MethodGet, path, "", nil)
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "text/event-stream; charset=utf-8" {
		t.Fatalf("%s was answered with %d and %s", path, answer.StatusCode, kind)
	}
	return events{lines: bufio.NewReader(answer.Body)}
}

// next waits for the next event, and gives false at the end of the stream. What is no event is passed over.
func (e events) next(t *testing.T) (event, bool) {
	t.Helper()
	var got event
	for {
		line, err := e.lines.ReadString('\n')
		if err == io.EOF && line == "" {
			return event{}, false
		}
		if err != nil {
			t.Fatal(err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			got.name = value
		case "id":
			got.id = value
		case "data":
			got.data += value + "\n"
		case "":
			if got != (event{}) {
				return got, true
			}
		}
	}
}

// ids reads that many events, as "card 1-2".
func (e events) ids(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		got, ok := e.next(t)
		if !ok {
			break
		}
		ids = append(ids, got.name+" "+got.id)
	}
	return ids
}

// show brings messages to everybody who listens.
func (at *site) show(t *testing.T, messages ...chat.Message) {
	t.Helper()
	for _, m := range messages {
		if err := at.Show(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACardIsFollowedToItsEnd(t *testing.T) {
	other := message("2", 9, chat.Working)
	tests := []struct {
		name   string
		stored chat.Message
		shown  []chat.Message
		want   []string
	}{
		{"one that is final already", message("1", 4, chat.Done), nil, []string{"card 4"}},
		{"one that waits for a person", message("1", 2, chat.Waiting), nil, []string{"card 2"}},
		{"one that changes until it is final", message("1", 1, chat.Working), []chat.Message{message("1", 2, chat.Working), message("1", 3, chat.Failed), message("1", 4, chat.Done)}, []string{"card 1", "card 2", "card 3"}},
		{"one that was not answered yet", message("1", 0, ""), []chat.Message{message("1", 1, chat.Working), message("1", 2, chat.Refused)}, []string{"card 1", "card 2"}},
		{"one whose older versions come late", message("1", 3, chat.Working), []chat.Message{message("1", 2, chat.Done), message("1", 3, chat.Working), message("1", 5, chat.Working), message("1", 4, chat.Done), message("1", 6, chat.Done)}, []string{"card 3", "card 5", "card 6"}},
		{"one among others", message("1", 1, chat.Working), []chat.Message{other, message("1", 2, chat.Already), other}, []string{"card 1", "card 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := open(t, &talk{messages: []chat.Message{tt.stored}}, nil)
			stream := at.listen(t, "/messages/1/events")
			at.show(t, tt.shown...)
			if diff := cmp.Diff(tt.want, stream.ids(t, 10)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFollowedCardIsSentAsJSON(t *testing.T) {
	m := message("1", 2, chat.Done)
	m.Card.Title = "gitea:\nreplicas is \"2\""
	at := open(t, &talk{messages: []chat.Message{m}}, nil)
	got, _ := at.listen(t, "/messages/1/events").next(t)
	want := event{"card", "2", `{"state":"done","mood":"neutral","title":"gitea:\nreplicas is \"2\"","language":"en"}` + "\n"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestThePageHearsEveryNewVersion(t *testing.T) {
	first := message("1", 1, chat.Working)
	first.Card.Operation = "k7f3q2mz"
	first.Card.Quotes = []chat.Quote{{Label: "Log", Text: "one\r\ntwo\rthree\n"}}
	k := &talk{messages: []chat.Message{first, message("2", 3, chat.Done)}}
	at := open(t, k, nil)
	stream := at.listen(t, "/events")
	var caughtUp strings.Builder
	for range 3 {
		got, _ := stream.next(t)
		fmt.Fprintf(&caughtUp, "event %s, id %s\n%s", got.name, got.id, got.data)
	}
	golden(t, "events", caughtUp.String())

	second := message("1", 2, chat.Done)
	second.Card.Operation = "k7f3q2mz"
	elsewhere := message("4", 1, chat.Done)
	elsewhere.Request.Room.ID = "other"
	at.show(t, message("2", 2, chat.Working), first, elsewhere, second, second, message("3", 1, chat.Done))
	want := []string{"card 1-2", "operation 1-2", "card 3-1"}
	if diff := cmp.Diff(want, stream.ids(t, len(want))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALineStandsOnThePageBeforeItIsAnswered(t *testing.T) {
	at := open(t, &talk{operation: "k7f3q2mz"}, nil)
	stream := at.listen(t, "/events")
	at.post(t, jsonType, goodJSON)
	at.post(t, jsonType, goodJSON) // a repeat stands there already
	at.post(t, formType, goodForm)
	want := []string{"card d1-0", "operation d1-0", "card d2-0", "operation d2-0"}
	if diff := cmp.Diff(want, stream.ids(t, len(want))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What another process stored comes with a beat; what was sent before does not come again.
func TestAStreamCatchesUpWithEveryBeat(t *testing.T) {
	for path, want := range map[string][]string{
		"/events":            {"card 1-1", "card 2-1", "card 1-2"},
		"/messages/1/events": {"card 1", "card 2"},
	} {
		k := &talk{messages: []chat.Message{message("1", 1, chat.Working)}}
		s, log := build(t, k, nil)
		s.SetBeats(time.Millisecond, time.Millisecond)
		at := start(t, s, log)
		stream := at.listen(t, path)
		got := stream.ids(t, 1)
		k.store(message("2", 1, chat.Done))
		if path == "/events" {
			got = append(got, stream.ids(t, 1)...)
		}
		k.store(message("1", 2, chat.Done))
		got = append(got, stream.ids(t, 1)...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestAStreamEndsWithItsStore(t *testing.T) {
	for _, path := range []string{"/events", "/messages/1/events"} {
		k := &talk{messages: []chat.Message{message("1", 1, chat.Working)}}
		s, log := build(t, k, nil)
		s.SetBeats(time.Millisecond, time.Millisecond)
		at := start(t, s, log)
		stream := at.listen(t, path)
		stream.ids(t, 1)
		k.tearDown()
		if got := stream.ids(t, 1); got != nil {
			t.Errorf("%s went on with %v", path, got)
		}
		at.stop()
		if err := <-at.ended; err != nil || !strings.Contains(log.String(), errTornDown.Error()) {
			t.Errorf("%s ended with %v, and logged %s", path, err, log)
		}
	}
}

func TestASlowReaderIsDroppedAndOthersGoOn(t *testing.T) {
	at := open(t, &talk{}, nil)
	at.listen(t, "/events") // which reads nothing
	quick := at.listen(t, "/events")
	long := message("1", 1, chat.Working)
	long.Card.Text = []string{strings.Repeat("a", 256<<10)}
	for at.Listeners() == 2 && long.Version < 10_000 {
		at.show(t, long)
		if got := quick.ids(t, 1); !slices.Equal(got, []string{fmt.Sprintf("card 1-%d", long.Version)}) {
			t.Fatalf("the quick reader heard %v of version %d", got, long.Version)
		}
		long.Version++
	}
	if n := at.Listeners(); n != 1 {
		t.Fatalf("%d listen", n)
	}
	at.show(t, message("2", 1, chat.Done))
	if diff := cmp.Diff([]string{"card 2-1"}, quick.ids(t, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTooManyListenersAreRefused(t *testing.T) {
	at := open(t, &talk{messages: []chat.Message{message("1", 1, chat.Working)}}, nil)
	var streams []events
	for range web.MostListeners {
		streams = append(streams, at.listen(t, "/events"))
	}
	for _, path := range []string{"/events", "/messages/1/events"} {
		if status, body := at.read(t, path, nil); status != 503 || body != `{"error":"[web.error-busy]"}`+"\n" {
			t.Errorf("%s was answered with %d %s", path, status, body)
		}
	}
	if status, _ := at.read(t, "/", nil); status != 200 {
		t.Errorf("the page was answered with %d", status)
	}
	at.show(t, message("1", 2, chat.Done))
	for _, stream := range streams {
		if diff := cmp.Diff([]string{"card 1-1", "card 1-2"}, stream.ids(t, 2)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
