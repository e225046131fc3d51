package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// mostLanguages is how many languages of a browser are looked at.
const mostLanguages = 8

// accepted are the languages that a browser asks for, best first.
func accepted(r *http.Request) []string {
	type wish struct {
		tag    string
		weight float64
	}
	var wishes []wish
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, parameters, _ := strings.Cut(part, ";")
		w := wish{tag: strings.TrimSpace(tag), weight: weight(parameters)}
		if w.weight > 0 && isTag(w.tag) && len(wishes) < mostLanguages {
			wishes = append(wishes, w)
		}
	}
	slices.SortStableFunc(wishes, func(a, b wish) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	var tags []string
	for _, w := range wishes {
		tags = append(tags, w.tag)
	}
	return tags
}

// weight reads "q=0.8"; a language without a weight is wanted most, one with a weight that cannot be read not at all.
func weight(parameters string) float64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || q > 1 {
		return 0
	}
	return q
}

// isTag tells whether a text has the form of a language tag.
func isTag(s string) bool {
	for _, r := range s {
		letter := (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '-'
		if !letter {
			return false
		}
	}
	return s != "" && len(s) <= 35
}
