package chat

import "time"

// Card is an answer, the same for every platform: plain text that the platform lays out and escapes.
// The answer stands in the title; facts, steps, table and quotes are its evidence; buttons say what can be done next.
type Card struct {
	// Operation is the number of the change that the card tells of; empty on answers that change nothing.
	Operation string `json:"operation,omitempty"`
	State     State  `json:"state"`
	// Mood colours the card. It is said in words too: nothing rests on colour alone.
	Mood  Mood   `json:"mood"`
	Title string `json:"title"`
	// Language is the BCP 47 tag of the card's words.
	Language string `json:"language,omitempty"`
	// Text is what follows the title, a paragraph each.
	Text   []string `json:"text,omitempty"`
	Facts  []Fact   `json:"facts,omitempty"`
	Steps  []Step   `json:"steps,omitempty"`
	Table  *Table   `json:"table,omitempty"`
	Quotes []Quote  `json:"quotes,omitempty"`
	// Findings are what a diagnosis found, for programs: people read it in the words of the card.
	Findings []Finding `json:"findings,omitempty"`
	// Buttons are shown while they can be pressed: pressing one asks its command.
	Buttons []Button `json:"buttons,omitempty"`
	// Private marks an answer that only its asker may see.
	Private bool `json:"private,omitempty"`
}

// State is how far the answer is.
type State string

// The states of a card. All but Working are final, and Waiting is final until somebody answers.
const (
	Working       State = "working"       // going on: the card will change
	Waiting       State = "waiting"       // waits for a person's decision
	Done          State = "done"          // the change is made and verified
	Already       State = "already"       // nothing to do: it was so before
	Answered      State = "answered"      // a question was answered
	Failed        State = "failed"        // what was asked did not succeed
	Refused       State = "refused"       // understood, and not done
	Misunderstood State = "misunderstood" // not understood: nothing was done
)

// Final reports whether the card is the last word on its request, as far as the bot alone can say.
func (s State) Final() bool { return s != Working }

// Mood says at a glance whether a card is good news.
type Mood string

// The moods of a card.
const (
	Neutral Mood = "neutral"
	Good    Mood = "good"
	Careful Mood = "careful"
	Bad     Mood = "bad"
)

// Fact is one named value, with a link made by us where there is a place to look.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
	Link  string `json:"link,omitempty"`
}

// Step is one stage of a change.
type Step struct {
	Label string    `json:"label"`
	State StepState `json:"state"`
	// At is when the step ended; zero while it has not.
	At time.Time `json:"at,omitzero"`
	// Took is how long the step lasted.
	Took time.Duration `json:"took,omitempty"`
	Note string        `json:"note,omitempty"`
	Link string        `json:"link,omitempty"`
}

// StepState is how far a step is.
type StepState string

// The states of a step.
const (
	StepPending StepState = "pending"
	StepRunning StepState = "running"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// Table is a small grid; every row has as many cells as there are columns.
type Table struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Quote is text that somebody else wrote (a log, an event, a diff): shown as it is, never read as markup.
type Quote struct {
	Label string `json:"label"`
	Text  string `json:"text"`
	// Diff marks a unified diff, so that a platform may colour its lines.
	Diff bool `json:"diff,omitempty"`
	// File is the name under which a platform that has no room for the whole text offers it as a file; where it is empty
	// such a text is cut.
	File string `json:"file,omitempty"`
}

// Finding is one explanation of a trouble, as codes that never change their meaning.
type Finding struct {
	// Code is the class of what was seen, and Reason the root cause.
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Button offers one command. Pressing it is the same as typing the command.
type Button struct {
	Label   string `json:"label"`
	Command string `json:"command"`
	// Danger marks a button that deserves a second look.
	Danger bool `json:"danger,omitempty"`
	// Agrees marks the button that a nod presses, where people can nod: by a reaction, say.
	Agrees bool `json:"agrees,omitempty"`
}
