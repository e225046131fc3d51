package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"rtbot/chat"
)

const (
	// mostBody is the largest body that is read, in bytes.
	mostBody = 64 << 10
	// mostKey and mostName bound a key and a name, in bytes.
	mostKey  = 128
	mostName = 64
)

// said is what a request to say something holds.
type said struct {
	line string
	as   string
	key  string
	// filled is a form that stands in the place of a line; nil where there is none.
	filled *chat.Filled
}

// rejection is why a body was not read: an HTTP status, and the key of the sentence that says so.
type rejection struct {
	status int
	key    string
}

// Error names the sentence.
func (e *rejection) Error() string { return fmt.Sprintf("status %d: %s", e.status, e.key) }

func bad(key string) error { return &rejection{status: http.StatusBadRequest, key: key} }

// readSaid reads a form or JSON.
func readSaid(w http.ResponseWriter, r *http.Request) (said, error) {
	read := map[string]func([]byte) (said, error){jsonType: fromJSON, formType: fromForm}[mediaType(r)]
	if read == nil {
		return said{}, &rejection{status: http.StatusUnsupportedMediaType, key: "web.error-type"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return said{}, &rejection{status: http.StatusRequestEntityTooLarge, key: "web.error-large"}
	}
	if err != nil {
		return said{}, bad("web.error-body")
	}
	s, err := read(body)
	if err != nil {
		return said{}, err
	}
	s.line = cut(s.line, chat.MaxLine)
	return s, s.check()
}

func (s said) check() error {
	if len(s.key) > mostKey || !printable(s.key) {
		return bad("web.error-key")
	}
	if len(s.as) > mostName || strings.TrimSpace(s.as) != s.as || chat.Visible(s.as) != s.as || strings.ContainsAny(s.as, "\n\t") {
		return bad("web.error-name")
	}
	return nil
}

// printable tells whether a text is visible ASCII and nothing else.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// cut shortens a text to at most that many bytes, without breaking a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// fromForm reads the page's form. A button's own command stands in press, and is what is said even if something was
// typed as well. A page without a script may have lost the key: such a line gets a new one later.
func fromForm(body []byte) (said, error) {
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return said{}, bad("web.error-body")
	}
	for name, values := range fields {
		field := fields.Has("form") && strings.HasPrefix(name, fieldPrefix)
		if len(values) != 1 || (!field && !slices.Contains([]string{"line", "press", "as", "key", "form"}, name)) {
			return said{}, bad("web.error-body")
		}
	}
	s := said{filled: filledIn(fields), line: fields.Get("line"), as: fields.Get("as"), key: fields.Get("key")}
	if fields.Has("press") {
		s.line = fields.Get("press")
	}
	return s, nil
}

// fromJSON reads one flat object of texts, each at most once. The key is what makes a repeated delivery the same request,
// so a program must give one.
func fromJSON(body []byte) (said, error) {
	if !utf8.Valid(body) { // the decoder would replace what is not text, and the line would no longer be what was typed
		return said{}, bad("web.error-encoding")
	}
	fields, err := flat(json.NewDecoder(bytes.NewReader(body)))
	if err != nil {
		return said{}, bad("web.error-body")
	}
	line, ok := fields["line"]
	if !ok {
		return said{}, bad("web.error-body")
	}
	if fields["key"] == "" {
		return said{}, bad("web.error-key")
	}
	return said{line: line, as: fields["as"], key: fields["key"]}, nil
}

var errNotFlat = errors.New("not one flat object of texts")

// flat reads an object whose values are all texts, with nothing after it.
func flat(d *json.Decoder) (map[string]string, error) {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotFlat
	}
	read := map[string]string{}
	for d.More() {
		name, err := text(d)
		if err != nil {
			return nil, err
		}
		value, err := text(d)
		if err != nil {
			return nil, err
		}
		if _, twice := read[name]; twice || !slices.Contains([]string{"line", "as", "key"}, name) {
			return nil, errNotFlat
		}
		read[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errNotFlat
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotFlat
	}
	return read, nil
}

// text reads a text and nothing else.
func text(d *json.Decoder) (string, error) {
	token, err := d.Token()
	if s, ok := token.(string); ok && err == nil {
		return s, nil
	}
	return "", errNotFlat
}
