package diagnose

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// pattern is a regular expression taken apart at its outer alternatives: most are plain words, which are found many times
// faster than by an expression, and the others are tried only where a word that they need is there.
type pattern struct {
	plain   []string
	guarded []guardedExpression
}

type guardedExpression struct {
	needs string
	*regexp.Regexp
}

func compile(expression string) pattern {
	var p pattern
	for _, alternative := range alternatives(expression) {
		if regexp.QuoteMeta(alternative) == alternative {
			p.plain = append(p.plain, alternative)
			continue
		}
		p.guarded = append(p.guarded, guardedExpression{needed(alternative), regexp.MustCompile(alternative)})
	}
	return p
}

// in tells whether the pattern is in a text.
func (p pattern) in(text string) bool {
	for _, word := range p.plain {
		if strings.Contains(text, word) {
			return true
		}
	}
	for _, g := range p.guarded {
		if strings.Contains(text, g.needs) && g.MatchString(text) {
			return true
		}
	}
	return false
}

// alternatives parts an expression at the bars that stand in no brackets.
func alternatives(expression string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(expression); i++ {
		switch expression[i] {
		case '\\':
			i++
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '|':
			if depth == 0 {
				parts, start = append(parts, expression[start:i]), i+1
			}
		}
	}
	return append(parts, expression[start:])
}

// needed is the longest word without which an expression cannot match; empty where there is none.
func needed(expression string) string {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	longest := ""
	parts := []*syntax.Regexp{parsed}
	if parsed.Op == syntax.OpConcat {
		parts = parsed.Sub
	}
	for _, part := range parts {
		if part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0 && len(string(part.Rune)) > len(longest) {
			longest = string(part.Rune)
		}
	}
	return longest
}
