package chattest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
)

func handsOver(s *scene) {
	s.t.Helper()
	_, asked := s.ask("scale gitea 2")
	if got := bare(asked.Text); got != "scale gitea 2" {
		s.t.Errorf("the line is %q", got)
	}
	if p := s.platform.Name(); asked.Room.Platform != p || asked.User.Platform != p {
		s.t.Errorf("the room is of %q and the user of %q, want %q", asked.Room.Platform, asked.User.Platform, p)
	}
	if asked.Key == "" || asked.Room.ID == "" || asked.User.ID == "" || asked.At.IsZero() {
		s.t.Errorf("a part is missing: %+v", asked)
	}
	if len(asked.Languages) == 0 || asked.Languages[0] != s.Language {
		s.t.Errorf("the languages are %q, want %s first", asked.Languages, s.Language)
	}
}

func knowsARedelivery(s *scene) {
	s.t.Helper()
	again := s.Say(s.t, "status gitea", Room)
	again()
	s.eventually("the line is handed over", func() bool { return len(s.bot.Asked()) > 0 })
	s.say(s.bot.Asked()[0].Delivery, chat.Answered, "gitea runs")
	again()
	s.ask("help") // whatever the redelivery did is over
	if diff := cmp.Diff([]string{"status gitea", "help"}, s.bot.texts()); diff != "" {
		s.t.Errorf("what was asked (-want +got):\n%s", diff)
	}
	if n := titled(s.Read(s.t), "gitea runs"); n != 1 {
		s.t.Errorf("it was answered in %d messages", n)
	}
}

func keepsTheOrder(s *scene) {
	s.t.Helper()
	var want []string
	for i := range 8 {
		line := fmt.Sprintf("status app-%d", i)
		want = append(want, line)
		s.ask(line)
	}
	if diff := cmp.Diff(want, s.bot.texts()); diff != "" {
		s.t.Errorf("what was heard (-want +got):\n%s", diff)
	}
}

func editsInPlace(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "step 00")
	for i := range 9 { // what is overtaken need not be shown
		s.answer(d, chat.Card{State: chat.Working, Title: fmt.Sprintf("step %02d", i+1)})
	}
	s.say(d, chat.Done, "step 99: gitea runs")
	m := s.only()
	var seen []string
	for _, v := range m.Versions {
		if i := strings.Index(v.Text, "step "); i >= 0 {
			seen = append(seen, v.Text[i:i+len("step 00")])
		}
	}
	if len(seen) < 2 || !slices.IsSorted(seen) || seen[len(seen)-1] != "step 99" {
		s.t.Errorf("people read %q", seen)
	}
}

func neverGoesBack(s *scene) {
	s.t.Helper()
	d, _ := s.ask("scale gitea 2")
	s.say(d, chat.Working, "under way")
	old, err := s.bot.Message(s.t.Context(), d)
	if err != nil {
		s.t.Fatal(err)
	}
	s.say(d, chat.Done, "gitea runs 2 of 2")
	if err := s.platform.Show(s.t.Context(), old); err != nil {
		s.t.Errorf("show an older version: %v", err)
	}
	other, _ := s.ask("status")
	s.say(other, chat.Answered, "4 apps") // whatever the older version did is over
	if n := titled(s.Read(s.t), "gitea runs 2 of 2"); n != 1 {
		s.t.Errorf("%d messages say how it ended, want one: %+v", n, s.Read(s.t))
	}
}

func answersEach(s *scene) {
	s.t.Helper()
	first, _ := s.ask("status gitea")
	second, _ := s.ask("status jenkins")
	s.say(first, chat.Answered, "gitea runs")
	s.say(second, chat.Answered, "jenkins runs")
	all := s.Read(s.t)
	if len(all) != 2 || !contains(all[0], "gitea runs") || !contains(all[1], "jenkins runs") {
		s.t.Errorf("people read %+v", all)
	}
}

func presses(s *scene) {
	s.t.Helper()
	d, asked := s.ask("scale gitea 0")
	s.answer(d, chat.Card{State: chat.Waiting, Mood: chat.Careful, Title: "needs an approval", Operation: "k7f3q2mz", Buttons: []chat.Button{
		{Label: "Approve", Command: "approve k7f3q2mz", Danger: true}, {Label: "Refuse", Command: "refuse k7f3q2mz"},
	}})
	m := s.reads("needs an approval")
	if diff := cmp.Diff([]string{"approve k7f3q2mz", "refuse k7f3q2mz"}, m.Now().Buttons); diff != "" {
		s.t.Errorf("what can be pressed (-want +got):\n%s", diff)
	}
	s.Press(s.t, m, "approve k7f3q2mz")
	s.eventually("the press is heard", func() bool { return len(s.bot.Asked()) > 1 })
	pressed := s.bot.Asked()[1].Request
	if bare(pressed.Text) != "approve k7f3q2mz" || pressed.Room.Platform != asked.Room.Platform || pressed.User.ID == "" || pressed.Key == asked.Key {
		s.t.Errorf("got %+v", pressed)
	}
	s.say(d, chat.Done, "gitea runs 0 of 0")
	if left := s.reads("gitea runs 0 of 0").Now().Buttons; len(left) > 0 {
		s.t.Errorf("%q can still be pressed", left)
	}
}

func staysInItsThread(s *scene) {
	s.t.Helper()
	s.Say(s.t, "status gitea", Thread)
	s.eventually("the line is handed over", func() bool { return len(s.bot.Asked()) > 0 })
	s.say(s.bot.Asked()[0].Delivery, chat.Answered, "gitea runs")
	if m := s.only(); m.Place != Thread {
		s.t.Errorf("the answer stands in the %s", m.Place)
	}
}

func keepsPrivate(s *scene) {
	s.t.Helper()
	d, _ := s.ask("kubeconfig")
	s.answer(d, chat.Card{State: chat.Answered, Title: "for your eyes", Private: true})
	for _, m := range s.Read(s.t) {
		if contains(m, "for your eyes") && !m.Private {
			s.t.Error("everybody reads it")
		}
	}
	if m := s.reads("for your eyes"); !m.Private {
		s.t.Error("everybody reads it")
	}
}

// contains tells whether the newest version of a message says a text.
func contains(m Message, text string) bool { return strings.Contains(flat(m.Now().Text), flat(text)) }
