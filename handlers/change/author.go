package change

import (
	"crypto/hmac"
	"strings"

	"rtbot/gitops"
)

// Author is who a commit is from: who asked for it and in which operation, where it carries the bot's own signature; else
// the author that Git names, since a trailer can be written by anybody.
func (e *Engine) Author(c gitops.Commit) (who, operation string) {
	var asked, signed string
	for _, t := range gitops.Trailers(c.Message) {
		switch t.Key {
		case trailer:
			signed = t.Value
		case "Requested-by":
			asked = t.Value
		}
	}
	id, _, _ := strings.Cut(signed, ".")
	if signed == "" || !hmac.Equal([]byte(signed), []byte(e.sign(id))) {
		return c.Author, ""
	}
	name, _, _ := strings.Cut(asked, " (")
	return name, id
}
