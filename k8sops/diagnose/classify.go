package diagnose

import (
	"regexp"
	"strings"
)

// message is a message about a pull in the forms that rules look at.
type message struct {
	// text is all of it, in lower case and on one line.
	text string
	// words is what is left without names: no image, no URL, nothing in quotes. An image that is called "unauthorized"
	// is no refusal.
	words string
}

var (
	urls   = regexp.MustCompile(`https?://[^\s"]+`)
	quoted = regexp.MustCompile(`\\?"[^"]*"`)
	// reference is a name in front of a verdict, as in "docker.io/library/nginx:1: not found".
	reference = regexp.MustCompile(`[a-z0-9][a-z0-9._-]*(:[0-9]+)?/[a-z0-9._/-]+(:[\w.-]+)?(@sha256:[0-9a-f]+)?`)
)

func read(text, image string) message {
	m := message{text: strings.Join(strings.Fields(strings.ToLower(cut(text))), " ")}
	m.words = urls.ReplaceAllString(m.text, "URL ")
	m.words = quoted.ReplaceAllString(m.words, "NAME")
	if image = strings.ToLower(image); len(image) > 2 {
		m.words = strings.ReplaceAll(m.words, image, "NAME")
	}
	m.words = reference.ReplaceAllStringFunc(m.words, keepMediaTypes)
	return m
}

// keepMediaTypes leaves what looks like a name and is none: a media type tells what the registry sent.
func keepMediaTypes(name string) string {
	for _, family := range []string{"application/", "text/", "linux/", "windows/", "username/"} {
		if strings.HasPrefix(name, family) {
			return name
		}
	}
	return "NAME"
}

// Classify gives the class of a message about a pull, as a runtime or the kubelet wrote it. Words that no rule knows are
// PullUnknown.
func Classify(text, image string) Code {
	m := read(text, image)
	for _, r := range rules {
		if r.in(m) {
			return r.code
		}
	}
	return PullUnknown
}

// rule tells a class by words of the message. All patterns have to match.
type rule struct {
	code Code
	// words are looked for where no name stands, text anywhere.
	words []pattern
	text  []pattern
}

func (r rule) in(m message) bool {
	for _, p := range r.words {
		if !p.in(m.words) {
			return false
		}
	}
	for _, p := range r.text {
		if !p.in(m.text) {
			return false
		}
	}
	return true
}

func worded(code Code, expressions ...string) rule {
	r := rule{code: code}
	for _, p := range expressions {
		r.words = append(r.words, compile(p))
	}
	return r
}

// anywhere is a rule about what runtimes put into quotes, or next to a name.
func anywhere(code Code, expression string) rule {
	return rule{code: code, text: []pattern{compile(expression)}}
}
