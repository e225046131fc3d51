package chattest

import (
	"errors"
	"strings"

	"rtbot/chat"
)

func sendsAgain(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.Fail(s.t)
	s.say(d, chat.Working, "under way")
	s.say(d, chat.Done, "gitea runs 2 of 2")
	s.only()
}

func editsAgain(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "under way")
	s.settled(d)
	s.Fail(s.t)
	s.say(d, chat.Done, "gitea runs 2 of 2")
	s.only()
}

func outlivesItsConnection(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "under way")
	s.settled(d)
	s.Cut(s.t)
	s.say(d, chat.Done, "gitea runs 2 of 2")
	s.only()
	s.Cut(s.t)
	other, _ := s.ask("status") // and it hears again
	s.say(other, chat.Answered, "4 apps")
}

func outlivesItsProcess(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "under way")
	s.settled(d)
	s.stop()
	s.bot.speakThrough(nil)
	s.answer(d, chat.Card{State: chat.Done, Mood: chat.Good, Title: "gitea runs 2 of 2"})
	s.start()
	s.reads("gitea runs 2 of 2")
	s.only()
	other, _ := s.ask("status")
	s.say(other, chat.Answered, "4 apps")
}

func tellsNoSecret(s *scene) {
	s.t.Helper()
	s.bot.breakDown(errors.New("the disk is full"))
	again := s.Say(s.t, "status", Room)
	s.bot.breakDown(nil)
	again()
	s.eventually("the line is handed over", func() bool { return len(s.bot.Asked()) > 0 })
	d := s.bot.Asked()[0].Delivery
	if s.Fail != nil {
		s.Fail(s.t)
	}
	s.Cut(s.t)
	s.say(d, chat.Answered, "4 apps")
	var said strings.Builder
	said.WriteString(s.Log())
	for _, m := range s.Read(s.t) {
		for _, v := range m.Versions {
			said.WriteString(v.Text)
		}
	}
	for _, secret := range s.Secrets {
		if strings.Contains(said.String(), secret) {
			s.t.Errorf("a secret is told: %.4s...", secret)
		}
	}
	if len(s.Secrets) > 0 && s.Log() == "" {
		s.t.Error("nothing of it is in the log")
	}
}
