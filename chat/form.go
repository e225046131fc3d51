package chat

// Form is what somebody fills in instead of typing a line. What it says is dead text, as on a card.
type Form struct {
	// Verb is the command that the form is for; empty where the command is one of its fields.
	Verb  string
	Title string
	// Submit is what the button says that sends the form.
	Submit string
	// Language is the BCP 47 tag of the form's words.
	Language string
	Fields   []Field
}

// Field is one thing that a form asks for.
type Field struct {
	// Name tells the field from the form's others; its value comes back under it.
	Name  string
	Label string
	Kind  FieldKind
	// Options are what can be chosen.
	Options  []Option
	Required bool
	// Hint says what is wanted, and Example is a value that would do.
	Hint    string
	Example string
}

// FieldKind is how a field is filled in.
type FieldKind string

// The kinds of fields.
const (
	FieldText   FieldKind = "text"
	FieldChoice FieldKind = "choice"
)

// Option is one of the values that a field can have.
type Option struct {
	Value string
	Label string
	// Hint says in a sentence what choosing it means.
	Hint string
}

// Filled is a form as it came back. Nothing in it is trusted: it may name a verb or a value that was never offered.
type Filled struct {
	Verb   string
	Values map[string]string
}

// Mistakes say what is wrong with a form as it was filled in, by the names of its fields.
type Mistakes map[string]string
