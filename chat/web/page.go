package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"rtbot/chat"
)

//go:embed assets
var assets embed.FS

// templates lay the page out. They escape every value by where it stands.
var templates = template.Must(template.New("").ParseFS(assets, "assets/*.html"))

// pageView is what the page shows.
type pageView struct {
	Language string
	Words    pageWords
	Names    []string
	Examples []string
	Messages []messageView
	// Operations are the messages that ask for a change, newest first.
	Operations []messageView
	// Form stands in for typing; nil where there is none.
	Form *formView
}

// pageWords are the page's own words.
type pageWords struct {
	Title, Conversation, Operations, NoOperations, Line, Send, YouAre, Welcome, WelcomeMore, Lost, Form string
}

func wordsOfPage(say func(string) string) pageWords {
	return pageWords{
		Title: say("web.title"), Conversation: say("web.conversation"), Operations: say("web.operations"),
		NoOperations: say("web.no-operations"), Line: say("web.line"), Send: say("web.send"), YouAre: say("web.you-are"),
		Welcome: say("web.welcome"), WelcomeMore: say("web.welcome-more"), Lost: say("web.lost"),
		Form: say("web.form"),
	}
}

// page shows the conversation as it stands; the stream of events keeps it so.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	s.showPage(w, r, http.StatusOK, s.form(r, said{}, nil))
}

func (s *Server) showPage(w http.ResponseWriter, r *http.Request, status int, form *formView) {
	messages, err := s.talk.Messages(r.Context(), s.room(), newest)
	if err != nil {
		s.log.ErrorContext(r.Context(), "read messages", "error", err)
		s.fail(w, r, http.StatusServiceUnavailable, "web.error-read")
		return
	}
	language, say := s.words(accepted(r)...)
	view := pageView{Language: language, Words: wordsOfPage(say), Examples: s.Examples, Form: form}
	if s.Trust == TrustNames {
		view.Names = s.Names
	}
	for _, m := range messages {
		shown := s.view(m)
		view.Messages = append(view.Messages, shown)
		if m.Card.Operation != "" {
			view.Operations = append(view.Operations, shown)
		}
	}
	slices.Reverse(view.Operations)
	body, err := render("page.html", view)
	if err != nil {
		s.log.ErrorContext(r.Context(), "lay out page", "error", err)
		s.fail(w, r, http.StatusInternalServerError, "web.error-read")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	s.sent(r, write(w, body))
}

// fragments lays out one message: as it stands in the conversation, and its line in the list of operations.
func (s *Server) fragments(m chat.Message) (card, operation []byte, err error) {
	view := s.view(m)
	if card, err = render("message", view); err != nil {
		return nil, nil, err
	}
	operation, err = render("operation", view)
	return card, operation, err
}

func render(name string, view any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, view); err != nil {
		return nil, fmt.Errorf("lay out %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// asset gives one of the page's own parts.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
	name := r.PathValue("name")
	body, err := assets.ReadFile("assets/" + name)
	if kinds[name] == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kinds[name])
	s.sent(r, write(w, body))
}
