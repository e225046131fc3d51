package cards

import (
	"fmt"
	"strings"

	"rtbot/chat"
	"rtbot/k8sops"
	"rtbot/k8sops/diagnose"
	"rtbot/lang"
)

// Place is where in Git something is to be changed.
type Place struct {
	Path string
	Line int
	Link string
	// Commit is the newest that changed the file, with its headline and who asked for it; empty where none did.
	Commit   string
	Headline string
	Who      string
}

// mostFindings is how many findings a card explains.
const mostFindings = 3

// Why is the card of an explanation: the answer in a line, the guide's four checks where an image does not come, the
// decoded table, what was said word for word, and what mends it. place is the file to change, where one is known.
func (m Maker) Why(w lang.Words, e k8sops.Explanation, place *Place) chat.Card {
	if len(e.Findings) == 0 {
		return nothingWrong(w, e)
	}
	first := e.Findings[0]
	c := chat.Card{State: chat.Answered, Mood: chat.Bad, Language: w.Tag(), Title: Headline(w, first)}
	if e.Running {
		c.Mood = chat.Careful
	}
	if e.Pods > 1 && e.Sharing > 1 {
		c.Text = append(c.Text, w.Say("why.sharing", lang.With{"Sharing": e.Sharing, "Pods": e.Pods, "Pod": e.Pod}))
	}
	c.Text = append(c.Text, unread(w, e)...)
	if e.Pod != "" {
		c.Facts = append(c.Facts, chat.Fact{Label: w.Say("why.pod", nil), Value: e.Namespace + "/" + e.Pod})
	}
	c.Facts = append(c.Facts, evidence(w, first)...)
	c.Facts = append(c.Facts, m.places(w, first, place)...)
	c.Steps = steps(w, first)
	c.Table = decoded(w, e.Findings)
	for _, f := range e.Findings {
		c.Findings = append(c.Findings, chat.Finding{Code: string(f.Code), Reason: string(f.Reason)})
	}
	c.Quotes = quotes(w, first)
	c.Buttons = remedies(w, e, first)
	if place != nil && place.Commit != "" {
		c.Buttons = append(c.Buttons, chat.Button{Label: w.Say("why.undo", nil), Command: "undo " + e.App})
	}
	return c
}

func nothingWrong(w lang.Words, e k8sops.Explanation) chat.Card {
	c := chat.Card{State: chat.Answered, Mood: chat.Good, Language: w.Tag(), Text: unread(w, e)}
	key := "why.good"
	switch {
	case e.Pod == "" && e.Desired == 0:
		key = "why.scaled"
	case e.Pod == "":
		c.Mood, key = chat.Careful, "why.no-pod"
	case !e.Running:
		c.Mood, key = chat.Neutral, "why.not-yet"
	}
	c.Title = w.Say(key, lang.With{"App": e.App})
	if e.Pod != "" {
		c.Facts = []chat.Fact{{Label: w.Say("why.pod", nil), Value: e.Namespace + "/" + e.Pod}}
	}
	return c
}

// Headline says a finding in one line.
func Headline(w lang.Words, f diagnose.Finding) string {
	return w.Say(reasons[f.Reason].headline, values(f.With))
}

// Cause says the probable cause of a finding.
func Cause(w lang.Words, f diagnose.Finding) string {
	return w.Say(reasons[f.Reason].cause, values(f.With))
}

// Resolution says what mends a finding.
func Resolution(w lang.Words, f diagnose.Finding) string {
	return w.Say(reasons[f.Reason].resolution, values(f.With))
}

// Evidence says what a finding rests on, a sentence each, the checks first.
func Evidence(w lang.Words, f diagnose.Finding) []string {
	var said []string
	for _, s := range steps(w, f) {
		said = append(said, s.Label+": "+s.Note)
	}
	for _, e := range f.Evidence {
		said = append(said, w.Say(facts[e.Kind], values(e.With)))
	}
	if f.Quote.Text != "" {
		said = append(said, f.Quote.Text)
	}
	return said
}

// names are all values that a sentence may use: one that is not known is empty, and the sentence does without it.
var names = []string{
	"Account", "Age", "App", "Available", "Claim", "Class", "Clause", "Condition", "Container", "Count", "Desired", "ExitCode", "Finalizer",
	"Hard", "Host", "Hosts", "Image", "Key", "Kind", "Limit", "Lines", "Namespace", "Near", "Node", "Object", "Other", "Platforms", "Pod",
	"Probe", "Quota", "Reason", "Repository", "Resource", "Restarts", "Secret", "Signal", "State", "Tag", "Tags", "Taint", "Total", "Type", "Unpatched", "Unpatched",
	"Updated", "Used", "Volume", "Wanted", "What",
}

// values gives a sentence its values on one line each: they are untrusted text.
func values(with diagnose.With) lang.With {
	w := lang.With{}
	for _, name := range names {
		w[name] = strings.Join(strings.Fields(with[name]), " ")
	}
	return w
}

// unread says what the answer had to go without.
func unread(w lang.Words, e k8sops.Explanation) []string {
	if len(e.Unread) == 0 {
		return nil
	}
	what := make([]string, len(e.Unread))
	for i, u := range e.Unread {
		what[i] = u.What
	}
	return []string{w.Say("why.unread", lang.With{"What": strings.Join(what, ", ")})}
}

func evidence(w lang.Words, f diagnose.Finding) []chat.Fact {
	var all []chat.Fact
	if f.Container != "" {
		all = append(all, chat.Fact{Label: w.Say("why.container", nil), Value: f.Container})
	}
	for _, e := range f.Evidence {
		all = append(all, chat.Fact{Label: w.Say("why.evidence", nil), Value: w.Say(facts[e.Kind], values(e.With))})
	}
	return all
}

// places are where a person goes: the file in Git, and the secret in GitHub that only a person may change.
func (m Maker) places(w lang.Words, f diagnose.Finding, place *Place) []chat.Fact {
	var all []chat.Fact
	if place != nil {
		all = append(all, chat.Fact{Label: w.Say("why.file", nil), Value: fmt.Sprintf("%s:%d", place.Path, place.Line), Link: place.Link})
	}
	if place != nil && place.Commit != "" {
		said := lang.With{"Commit": short(place.Commit), "Headline": place.Headline, "Who": place.Who}
		all = append(all, chat.Fact{Label: w.Say("why.changed", nil), Value: w.Say("why.changed-by", said), Link: m.CommitURL(place.Commit)})
	}
	if f.Fix == diagnose.FixToken && m.SecretsURL != "" && m.SecretName != nil {
		if name := m.SecretName(f.With["Namespace"], f.With["Secret"]); name != "" {
			all = append(all, chat.Fact{Label: w.Say("why.token", lang.With{"Name": name}), Value: name, Link: m.SecretsURL})
		}
	}
	return all
}

// steps are the guide's four checks, each with a tick or a cross.
func steps(w lang.Words, f diagnose.Finding) []chat.Step {
	var all []chat.Step
	for _, c := range f.Checks {
		all = append(all, chat.Step{Label: w.Say(stepQuestions[c.Step], nil), State: results[c.Result], Note: w.Say(checks[c.Fact], values(c.With))})
	}
	return all
}

var stepQuestions = map[diagnose.Step]string{
	diagnose.StepInjected: "why.step-injected", diagnose.StepExists: "why.step-exists",
	diagnose.StepAccepted: "why.step-accepted", diagnose.StepSaid: "why.step-said",
}

var results = map[diagnose.Result]chat.StepState{
	diagnose.Passed: chat.StepDone, diagnose.Broken: chat.StepFailed, diagnose.Unknown: chat.StepPending,
}

// decoded is the guide's table: the error, its probable cause, what mends it.
func decoded(w lang.Words, found []diagnose.Finding) *chat.Table {
	t := &chat.Table{Columns: []string{w.Say("why.error", nil), w.Say("why.cause", nil), w.Say("why.resolution", nil)}}
	for _, f := range found[:min(len(found), mostFindings)] {
		t.Rows = append(t.Rows, []string{errorWord(f), Cause(w, f), Resolution(w, f)})
	}
	return t
}

// errorWord is the guide's own word for an error, else the class.
func errorWord(f diagnose.Finding) string {
	if word, known := guideWords[f.Reason]; known && f.Checks != nil {
		return word
	}
	return string(f.Code)
}

var guideWords = map[diagnose.Reason]string{
	diagnose.WrongToken: "Unauthorized", diagnose.ExpiredToken: "Unauthorized", diagnose.NotAllowed: "Forbidden",
	diagnose.MissingTag: "Not Found", diagnose.MissingRepository: "Not Found", diagnose.AccountNotPatched: "imagePullSecrets",
}

func quotes(w lang.Words, f diagnose.Finding) []chat.Quote {
	if f.Quote.Text == "" {
		return nil
	}
	by := f.Quote.By
	if by == "" {
		by = "?"
	}
	return []chat.Quote{{Label: w.Say("why.said", lang.With{"By": strings.Join(strings.Fields(by), " ")}), Text: f.Quote.Text}}
}

// remedies are the commands that mend it.
func remedies(w lang.Words, e k8sops.Explanation, f diagnose.Finding) []chat.Button {
	restart := chat.Button{Label: w.Say("why.restart", nil), Command: "restart " + e.App}
	renew := chat.Button{Label: w.Say("why.renew", nil), Command: "secrets renew"}
	switch {
	case f.Fix == diagnose.FixRestart, f.Reason == diagnose.UnknownPull:
		return []chat.Button{restart}
	case f.Fix == diagnose.FixRenew, f.Fix == diagnose.FixToken:
		return []chat.Button{renew, restart}
	}
	return nil
}
