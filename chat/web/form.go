package web

import (
	"context"
	"net/http"
	"strings"

	"rtbot/chat"
)

// fieldPrefix stands before the names of a form's fields when it is sent.
const fieldPrefix = "field."

// forms are the forms that stand in for typing.
type forms interface {
	// Form is the form for a line that says too little to be done, where there is one.
	Form(ctx context.Context, req chat.Request) (chat.Form, bool)
	// Line is the line that a form says as it was filled in, or what is wrong with it.
	Line(req chat.Request, filled chat.Filled) (string, chat.Mistakes)
}

// formView is a form on the page, with what was filled in and what is wrong with it.
type formView struct {
	chat.Form
	Fields []fieldView
	Open   bool
}

type fieldView struct {
	chat.Field
	ID    string
	Value string
	Wrong string
}

// form is the form that the page has, for who is chosen there at first; nil where that person has none.
func (s *Server) form(r *http.Request, said said, wrong chat.Mistakes) *formView {
	as := said.as
	if as == "" && len(s.Names) > 0 {
		as = s.Names[0]
	}
	f, ok := s.talk.Form(r.Context(), chat.Request{Room: s.room(), User: s.speaker(as), Languages: accepted(r)})
	if !ok {
		return nil
	}
	view := &formView{Form: f, Open: len(wrong) > 0}
	for _, field := range f.Fields {
		shown := fieldView{Field: field, ID: fieldPrefix + field.Name, Wrong: wrong[field.Name]}
		if said.filled != nil {
			shown.Value = chat.Visible(said.filled.Values[field.Name])
		}
		view.Fields = append(view.Fields, shown)
	}
	return view
}

// filledIn takes the fields of a form out of what was sent; nil where a line was sent.
func filledIn(fields map[string][]string) *chat.Filled {
	verb, sent := fields["form"]
	if !sent {
		return nil
	}
	filled := &chat.Filled{Verb: verb[0], Values: map[string]string{}}
	for name, values := range fields {
		if field, ok := strings.CutPrefix(name, fieldPrefix); ok {
			filled.Values[field] = values[0]
		}
	}
	return filled
}

// fill makes a line of a form. What is wrong with it is answered, and false comes back.
func (s *Server) fill(w http.ResponseWriter, r *http.Request, words *said) bool {
	if words.filled == nil {
		return true
	}
	line, wrong := s.talk.Line(chat.Request{Room: s.room(), User: s.speaker(words.as), Languages: accepted(r)}, *words.filled)
	if len(wrong) == 0 {
		words.line = "/rt " + line
		return true
	}
	if wantsJSON(r) {
		s.answer(w, r, http.StatusUnprocessableEntity, map[string]chat.Mistakes{"mistakes": wrong})
		return false
	}
	s.showPage(w, r, http.StatusUnprocessableEntity, s.form(r, *words, wrong))
	return false
}

// wantsJSON tells the page's script from a browser that sends a form by itself.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), jsonType)
}
