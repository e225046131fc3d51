package cards

import (
	"fmt"

	"rtbot/chat"
	"rtbot/handlers/change"
	"rtbot/lang"
)

// Operation is the card of a change, in every state that it goes through.
func (m Maker) Operation(w lang.Words, v change.View) chat.Card {
	c := chat.Card{Operation: v.Operation, Language: w.Tag()}
	c.State, c.Mood = stateOf(v.Outcome)
	c.Title = title(w, v)
	c.Text = append(notes(w, v), effects(w, v.Plan)...)
	c.Facts = m.facts(w, v)
	if v.Outcome != change.Already && v.Outcome != change.Refused {
		c.Steps = m.steps(w, v)
	}
	if v.Plan.Diff != "" {
		c.Quotes = append(c.Quotes, chat.Quote{Label: w.Say("card.diff", nil), Text: v.Plan.Diff, Diff: true})
	}
	if v.Refused != nil {
		c = withEvidence(w, c, v.Refused)
	}
	if v.Commit.SHA != "" && (v.Outcome == change.Verified || v.Outcome == change.Failed) {
		undo := "undo " + v.Operation
		c.Buttons = append(c.Buttons, chat.Button{Label: undo, Command: undo})
	}
	if v.Outcome == change.Awaiting {
		c.Buttons = append(c.Buttons, decisionButtons(w, v)...)
	}
	return c
}

func stateOf(o change.Outcome) (chat.State, chat.Mood) {
	switch o {
	case change.Awaiting:
		return chat.Waiting, chat.Careful
	case change.Verified:
		return chat.Done, chat.Good
	case change.Already:
		return chat.Already, chat.Good
	case change.Refused:
		return chat.Refused, chat.Careful
	case change.Failed:
		return chat.Failed, chat.Bad
	case change.Going:
	}
	return chat.Working, chat.Neutral
}

// title is the answer in one line.
func title(w lang.Words, v change.View) string {
	p := v.Plan
	with := lang.With{
		"Request": v.Request, "App": p.App.Name, "Subject": p.Sight.Subject, "Field": p.Field, "Old": p.Old, "New": p.New,
		"Ready": v.Rollout.Ready, "Desired": v.Rollout.Desired,
	}
	keys := titles[p.Act]
	switch v.Outcome {
	case change.Refused, change.Failed:
		return w.Say(v.Refused.Key, v.Refused.With)
	case change.Already:
		return w.Say(keys.already, with)
	case change.Verified:
		return w.Say(keys.verified, with)
	case change.Awaiting:
		if v.Decider == change.ByAsker {
			return w.Say(keys.unconfirmed, with)
		}
		return w.Say(keys.awaiting, with)
	case change.Going:
	}
	if p.App.Name == "" && p.Act == "" {
		return w.Say("change.planning", with)
	}
	return w.Say(keys.going, with)
}

// wording is how the titles of one kind of operation read.
type wording struct{ going, awaiting, unconfirmed, verified, already string }

// titles are by the act; a commit has none.
var titles = map[string]wording{
	"":             {"change.going", "change.awaiting", "change.unconfirmed", "change.verified", "change.already"},
	change.Restart: {"restart.going", "restart.awaiting", "restart.unconfirmed", "restart.verified", "change.already"},
	change.Renew:   {"renew.going", "renew.awaiting", "renew.unconfirmed", "renew.verified", "change.already"},
	change.Sync:    {"sync.going", "sync.awaiting", "sync.unconfirmed", "sync.verified", "sync.already"},
}

// notes say what was and was not done, and what is not known.
func notes(w lang.Words, v change.View) []string {
	var said []string
	if v.Stale != nil {
		said = append(said, w.Say(v.Stale.Key, v.Stale.With))
	}
	switch v.Outcome {
	case change.Refused:
		said = append(said, w.Say("refused.nothing-done", nil))
	case change.Failed:
		said = append(said, stays(w, v))
	case change.Awaiting:
		how := "change.awaiting-how"
		if v.Decider == change.ByAsker {
			how = "change.confirm-how"
		}
		said = append(said, w.Say(how, lang.With{"Operation": v.Operation}))
	case change.Already:
		if v.Plan.Act == "" {
			said = append(said, w.Say("change.already-nothing", nil))
		}
	case change.Going, change.Verified:
	}
	return said
}

// stays says what a change that did not end well has left.
func stays(w lang.Words, v change.View) string {
	if v.Plan.Act != "" {
		return w.Say("failed.acted", nil)
	}
	return w.Say("failed.committed", lang.With{"Commit": short(v.Commit.SHA)})
}

// effects say what else the change does.
func effects(w lang.Words, p change.Plan) []string {
	said := make([]string, 0, len(p.Effects))
	for _, e := range p.Effects {
		said = append(said, w.Say(effectKeys[e.Code], lang.With{"Object": e.Object, "Detail": e.Detail, "App": p.App.Name}))
	}
	return said
}

var effectKeys = map[change.EffectCode]string{
	change.ToZero:       "effect.to-zero",
	change.TooMany:      "effect.too-many",
	change.Removes:      "effect.removes",
	change.OtherImage:   "effect.other-image",
	change.Protected:    "effect.protected",
	change.AlsoPrunes:   "effect.also-prunes",
	change.AlsoChanges:  "effect.also-changes",
	change.OtherCommits: "effect.other-commits",
	change.HoldsNodes:   "effect.holds-nodes",
}

func (m Maker) facts(w lang.Words, v change.View) []chat.Fact {
	var facts []chat.Fact
	add := func(key, value, link string) {
		facts = append(facts, chat.Fact{Label: w.Say(key, nil), Value: value, Link: link})
	}
	if v.Plan.Path != "" {
		add("card.file", fmt.Sprintf("%s:%d", v.Plan.Path, v.Plan.Line), "")
	}
	if v.Commit.SHA != "" {
		add("card.commit", short(v.Commit.SHA), m.CommitURL(v.Commit.SHA))
	}
	if v.Plan.App.Application != "" {
		add("card.application", v.Plan.App.Application, m.ApplicationURL(v.Plan.App.Application))
	}
	if v.Plan.Sight.Link != "" {
		add("card.run", v.Plan.Sight.Subject, v.Plan.Sight.Link)
	}
	if v.Plan.Class == change.Danger {
		add("card.class", w.Say("class.danger", nil), "")
	}
	return facts
}

func (m Maker) steps(w lang.Words, v change.View) []chat.Step {
	var steps []chat.Step
	for _, s := range v.Steps {
		if s.Name == change.StepApprove && s.State == change.Pending {
			continue // nobody has to agree
		}
		step := chat.Step{Label: w.Say(stepKey(v.Plan.Act, s.Name), nil), State: stepStates[s.State], At: s.Ended}
		if !s.Ended.IsZero() {
			step.Took = s.Ended.Sub(s.Began)
		}
		if s.Name == change.StepVerify && s.State != change.Pending && v.Rollout.Generation > 0 {
			step.Note = w.Say("step.ready", lang.With{"Ready": v.Rollout.Ready, "Desired": v.Rollout.Desired})
		}
		steps = append(steps, step)
	}
	return steps
}

func stepKey(act, step string) string {
	if step == change.StepAct {
		return actKeys[act]
	}
	return stepKeys[step]
}

var actKeys = map[string]string{"": "step.act", change.Restart: "step.restart", change.Renew: "step.renew", change.Sync: "step.apply"}

var stepKeys = map[string]string{
	change.StepPlan:    "step.plan",
	change.StepApprove: "step.approve",
	change.StepCommit:  "step.commit",
	change.StepDetect:  "step.detect",
	change.StepSync:    "step.sync",
	change.StepVerify:  "step.verify",
}

var stepStates = map[change.StepState]chat.StepState{
	change.Pending: chat.StepPending,
	change.Running: chat.StepRunning,
	change.Done:    chat.StepDone,
	change.Broken:  chat.StepFailed,
}

// decisionButtons are the answers to a plan that waits. A confirmation is typed, so that it is no slip of the hand.
func decisionButtons(w lang.Words, v change.View) []chat.Button {
	cancel := chat.Button{Label: w.Say("button.cancel", nil), Command: "cancel " + v.Operation}
	if v.Decider == change.ByAsker {
		return []chat.Button{cancel}
	}
	return []chat.Button{
		{Label: w.Say("button.approve", nil), Command: "approve " + v.Operation, Danger: true, Agrees: true},
		{Label: w.Say("button.refuse", nil), Command: "refuse " + v.Operation},
		cancel,
	}
}

// short is how people write a commit.
func short(sha string) string { return sha[:min(len(sha), 8)] }
