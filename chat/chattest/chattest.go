// Package chattest is the conformance kit that every platform passes: one scripted conversation, looked at with the eyes of
// those who read it. It drives a platform and a server that stands in for the platform's own, through what the platform's
// test gives it, and knows no platform itself.
package chattest

import (
	"context"
	"strings"
	"testing"
	"time"

	"rtbot/chat"
)

// Harness is a platform under test with the server that it talks to. Each check gets one of its own.
type Harness struct {
	// Start runs the platform on the bot, as a new process does, and returns it with what ends it, once it can be talked to.
	// The server, and what it shows, outlives the process.
	Start func(t *testing.T, bot *Bot) (p Platform, stop func())
	// Say delivers a line that somebody says; what it returns delivers the same once more. A delivery that the platform does
	// not take is no failure of the test: it is delivered again.
	Say func(t *testing.T, line string, at Place) (again func())
	// Press presses a button of a message, or does what stands for that where there are none.
	Press func(t *testing.T, m Message, command string)
	// Read gives the bot's messages as people read them, in their order.
	Read func(t *testing.T) []Message
	// Cut ends every connection between the platform and its server without a word.
	Cut func(t *testing.T)
	// Fail makes the next message, or the next edit of one, fail once, as in a bad moment.
	Fail func(t *testing.T)
	// Log is what the platform has logged so far.
	Log func() string
	// Secrets are what nobody may read, in a message or in the log.
	Secrets []string
	// Language is that of whoever speaks, as the platform tells it.
	Language string
	// Lacks says of what the platform cannot do why it cannot.
	Lacks map[Ability]string
}

// Platform is what the bot hands its answers to.
type Platform interface {
	Name() string
	Show(ctx context.Context, m chat.Message) error
}

// Place is where somebody says a line.
type Place string

// The places.
const (
	Room   Place = "room"   // in the room itself
	Thread Place = "thread" // in a thread of it
)

// Ability is what some platforms cannot do.
type Ability string

// The abilities.
const (
	Threads Ability = "threads" // a line in a thread is answered there
	Private Ability = "private" // an answer that only its asker sees
	Posts   Ability = "posts"   // messages are sent to a server, which may refuse them
)

// Message is one message of the bot on the platform.
type Message struct {
	// ID is the server's own name for it.
	ID string
	// Place is where it stands.
	Place Place
	// Private says that nobody but the asker sees it.
	Private bool
	// Versions are what it said, oldest first.
	Versions []Version
}

// Now is what the message says.
func (m Message) Now() Version { return m.Versions[len(m.Versions)-1] }

// Version is what a message said at a time.
type Version struct {
	// Text is what people read, in its order.
	Text string
	// Links are where a click leads to.
	Links []string
	// Rings are whom it notifies by a mention.
	Rings []string
	// Buttons are the commands behind its buttons, or those that stand for them.
	Buttons []string
}

// check is one thing that a platform promises.
type check struct {
	name  string
	needs Ability
	does  func(*scene)
}

// Run holds a platform to everything that a conversation promises. fresh makes a harness whose server is new.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := fresh(t)
			if why, lacks := h.Lacks[c.needs]; lacks && c.needs != "" {
				t.Skipf("no %s: %s", c.needs, why)
			}
			c.does(open(t, h))
		})
	}
}

func checks() []check {
	all := []check{
		{"a line is handed over with who said it and in which language", "", handsOver},
		{"the same delivery again is the same request", "", knowsARedelivery},
		{"lines are heard in their order", "", keepsTheOrder},
		{"a message is edited in place up to its final version", "", editsInPlace},
		{"an older version never takes the place of a newer one", "", neverGoesBack},
		{"each line has an answer of its own", "", answersEach},
		{"a button is the same as typing its command", "", presses},
		{"a line in a thread is answered there", Threads, staysInItsThread},
		{"a private answer is seen by its asker only", Private, keepsPrivate},
		{"everything failing at once is shown as far as it fits", "", showsHuge},
		{"one long line is shown as far as it fits", "", showsLong},
		{"a message that could not be sent is sent again, once", Posts, sendsAgain},
		{"an edit that could not be sent is sent again, once", Posts, editsAgain},
		{"the final version comes after the connection was lost", "", outlivesItsConnection},
		{"another process goes on with the same message", "", outlivesItsProcess},
		{"no secret is told when something goes wrong", "", tellsNoSecret},
	}
	return append(all, hostileChecks()...)
}

// scene is one check under way: a bot, a platform that runs, and what people see of it.
type scene struct {
	Harness
	t        *testing.T
	bot      *Bot
	platform Platform
	stop     func()
}

func open(t *testing.T, h Harness) *scene {
	t.Helper()
	s := &scene{Harness: h, t: t, bot: newBot()}
	s.start()
	return s
}

func (s *scene) start() {
	s.t.Helper()
	s.platform, s.stop = s.Start(s.t, s.bot)
	s.t.Cleanup(s.stop)
	s.bot.speakThrough(s.platform)
}

// ask says a line in the room and waits until the bot has it.
func (s *scene) ask(line string) (delivery string, asked chat.Request) {
	s.t.Helper()
	n := len(s.bot.Asked())
	again, looks := s.Say(s.t, line, Room), 0
	s.eventually("the line is handed over", func() bool {
		if looks++; looks%200 == 0 {
			again() // a connection that just ended may have taken it along
		}
		return len(s.bot.Asked()) > n
	})
	m := s.bot.Asked()[n]
	return m.Delivery, m.Request
}

// answer gives a delivery its next card.
func (s *scene) answer(delivery string, c chat.Card) {
	s.t.Helper()
	if err := s.bot.Answer(s.t.Context(), delivery, c); err != nil {
		s.t.Errorf("show: %v", err)
	}
}

// say gives a delivery a card of one line and waits until people read it.
func (s *scene) say(delivery string, state chat.State, title string) {
	s.t.Helper()
	s.answer(delivery, chat.Card{State: state, Mood: chat.Neutral, Title: title, Language: "en"})
	s.reads(title)
}

// reads waits until the newest version of a message says a text, and returns the message.
func (s *scene) reads(text string) (found Message) {
	s.t.Helper()
	s.eventually("people read "+text, func() bool {
		for _, m := range s.Read(s.t) {
			if strings.Contains(flat(m.Now().Text), flat(text)) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// only is the one message that there is.
func (s *scene) only() Message {
	s.t.Helper()
	all := s.Read(s.t)
	if len(all) != 1 {
		s.t.Fatalf("there are %d messages, want one: %+v", len(all), all)
	}
	return all[0]
}

// settled waits until the platform has noted what it shows, where it does so.
func (s *scene) settled(delivery string) {
	s.t.Helper()
	s.eventually("what is shown is noted", func() bool { return s.bot.settled(delivery) })
}

func (s *scene) eventually(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.t.Fatalf("%.80s: not within 30s; there is %+v", what, s.Read(s.t))
		}
	}
}

// flat is a text with its white space made one blank: how it is broken into lines is the platform's.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
