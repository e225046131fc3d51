package handlers

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rtbot/handlers/refusal"
	"rtbot/k8sops"
	"rtbot/lang"
)

// durations are one or more numbers with a unit.
var (
	durations = regexp.MustCompile(`^([0-9]{1,9}[smhd])+$`)
	oneOfThem = regexp.MustCompile(`([0-9]+)([smhd])`)
	unitTimes = map[string]int64{"s": 1, "m": 60, "h": 3600, "d": 86400}
)

// mostSince is how far back a log is read.
const mostSince = 24 * time.Hour

// parseSince reads how far back: clipped is true of more than a day.
func parseSince(value string) (since time.Duration, clipped bool, err error) {
	var seconds int64
	if durations.MatchString(value) {
		for _, part := range oneOfThem.FindAllStringSubmatch(value, -1) {
			n, err := strconv.ParseInt(part[1], 10, 64)
			if err != nil {
				return 0, false, err
			}
			seconds += n * unitTimes[part[2]]
		}
	}
	if seconds <= 0 {
		return 0, false, refusal.Misread(refusal.Duration, "misread.duration", lang.With{"Value": shown(value)}, "logs gitea since=1h")
	}
	if most := int64(mostSince / time.Second); seconds > most {
		return mostSince, true, nil
	}
	return time.Duration(seconds) * time.Second, false, nil
}

// printSince prints a duration as parseSince reads it.
func printSince(d time.Duration) string {
	switch seconds := int64(d / time.Second); {
	case seconds%3600 == 0:
		return strconv.FormatInt(seconds/3600, 10) + "h"
	case seconds%60 == 0:
		return strconv.FormatInt(seconds/60, 10) + "m"
	default:
		return strconv.FormatInt(seconds, 10) + "s"
	}
}

// parseTail reads a number of lines: clipped is true of more than are ever shown.
func parseTail(value string) (lines int, clipped bool, err error) {
	if !regexp.MustCompile(`^-?[0-9]{1,18}$`).MatchString(value) {
		return 0, false, refusal.Misread(refusal.Number, "misread.tail", lang.With{"Value": shown(value)}, "logs gitea tail=100")
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, false, err
	}
	if n < 1 {
		return 0, false, refusal.Misread(refusal.Range, "misread.tail-range", lang.With{"Value": shown(value), "Most": k8sops.MostLogLines})
	}
	return int(min(n, k8sops.MostLogLines)), n > k8sops.MostLogLines, nil
}

// parseGrep reads a pattern of RE2, which takes time in proportion to the text whatever it is.
func parseGrep(value string) (*regexp.Regexp, error) {
	pattern, err := regexp.Compile(value)
	if value != "" && err == nil {
		return pattern, nil
	}
	position := 1
	if wrong, ok := errors.AsType[*syntax.Error](err); ok {
		position = positionOf(wrong, value)
	}
	return nil, refusal.Misread(refusal.Regex, "misread.grep", lang.With{"Value": shown(value), "Position": position}, "logs gitea grep=error")
}

// positionOf is at which character a pattern is wrong, from 1.
func positionOf(wrong *syntax.Error, pattern string) int {
	at := strings.Index(pattern, wrong.Expr)
	if wrong.Code == syntax.ErrMissingParen {
		at = strings.LastIndexByte(pattern, '(')
	}
	if wrong.Code == syntax.ErrTrailingBackslash {
		at = len(pattern) - 1
	}
	return len([]rune(pattern[:max(at, 0)])) + 1
}

// quoteWord prints a word so that it is read as one word again.
func quoteWord(word string) string {
	odd := func(r rune) bool { return r == '"' || r == '\'' || unicode.IsSpace(r) }
	switch {
	case word != "" && strings.IndexFunc(word, odd) < 0:
		return word
	case !strings.Contains(word, "'"):
		return "'" + word + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'"'"'`) + "'"
}

// age says how long ago something was, in its largest unit.
func age(w lang.Words, at, now time.Time) string {
	d := now.Sub(at)
	if at.IsZero() || d < 0 {
		return w.Say("age.unknown", nil)
	}
	for _, unit := range []struct {
		is  time.Duration
		key string
	}{{24 * time.Hour, "age.days"}, {time.Hour, "age.hours"}, {time.Minute, "age.minutes"}} {
		if d >= unit.is {
			return w.Say(unit.key, lang.With{"N": int(d / unit.is)})
		}
	}
	return w.Say("age.seconds", lang.With{"N": int(d / time.Second)})
}

// listOf names several things in a sentence.
func listOf(names []string) string { return strings.Join(names, ", ") }
