package mask

import (
	"slices"
	"strings"
)

// endings are how a key ends whose value is a secret, in small letters and without what parts its words.
var endings = []string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "accesskeyid", "secretkey", "privatekey",
	"credential", "credentials", "authkey", "signingkey", "encryptionkey", "masterkey", "sessionkey", "sessionid", "signature",
	"dockerconfigjson", "dockercfg", "connectionstring", "secretid", "clientkeydata", "tokendata",
}

// wholes are keys whose value is a secret, and which mean other things as the end of a longer word.
var wholes = []string{"pass", "auth", "jwt", "sid", "pin", "otp", "sig"}

// names are endings of keys that hold the name of a secret.
var names = []string{"pullsecret", "tlssecret", "existingsecret"}

// headers are keys whose whole line is a secret.
var headers = []string{
	"authorization", "proxyauthorization", "cookie", "setcookie", "xapikey", "xauthtoken", "xgitlabtoken", "privatetoken",
	"xvaulttoken", "xamzsecuritytoken", "xcsrftoken", "xgithubtoken",
}

// pair is a key and where its value is looked for.
type pair struct {
	key string // in small letters, without what parts its words
	// quoted is true of a key in quotes, and first of one that nothing but blanks stands before in its line.
	quoted, first bool
	// colon is true of "key: value", where the value may be the rest of a sentence; path of what ends a path.
	colon, path bool
}

// pairs finds the values of keys that name a secret: password=..., "token": "...", Authorization: ...
func pairs(text string) []span {
	var found []span
	for i := 0; i < len(text); i++ {
		if text[i] != ':' && text[i] != '=' {
			continue
		}
		p := pairAt(text, i)
		if !p.sensitive() {
			continue
		}
		value := p.value(text, i+1)
		if value.from < value.to && p.isSecret(text, value) {
			found = append(found, value)
		}
		i = max(i, value.to-1)
	}
	return found
}

// unparted takes out what parts the words of a key.
var unparted = strings.NewReplacer("_", "", "-", "", ".", "")

// longestKey is how far a key is read back.
const longestKey = 80

// pairAt reads the key before the separator at i.
func pairAt(text string, i int) pair {
	end := back(text, i, 4, func(c byte) bool { return c == ' ' })
	bare := back(text, end, 4, func(c byte) bool { return strings.IndexByte(`"'\`, c) >= 0 })
	begin := back(text, bare, longestKey, isDotted)
	p := pair{colon: text[i] == ':', quoted: bare < end, key: strings.ToLower(unparted.Replace(text[begin:bare]))}
	p.first = isFirst(text[max(0, begin-longestKey):begin], begin <= longestKey)
	if begin > 0 {
		p.quoted = p.quoted || strings.IndexByte("\"'`", text[begin-1]) >= 0
		p.path = text[begin-1] == '/'
	}
	return p
}

// back is where the run of such characters begins that ends at i, at most so many of them.
func back(text string, i, most int, is func(byte) bool) int {
	least := max(0, i-most)
	for i > least && is(text[i-1]) {
		i--
	}
	return i
}

// isFirst reports whether a key behind this part of its line is the first word of it; whole is true where the text begins
// with that part.
func isFirst(before string, whole bool) bool {
	line := strings.LastIndexByte(before, '\n')
	before = before[line+1:]
	return (whole || line >= 0) && (strings.Trim(before, " \t\"'-<>") == "" || strings.TrimSpace(before) == "export")
}

func (p pair) isHeader() bool { return slices.Contains(headers, p.key) }

func (p pair) sensitive() bool {
	if p.key == "" || p.path || slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(p.key, n) }) {
		return false
	}
	if slices.Contains(wholes, p.key) {
		return p.quoted || !p.colon
	}
	return p.isHeader() || slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(p.key, e) })
}

// value is where the value stands that begins behind the separator: in its quotes, or up to where such values end.
func (p pair) value(text string, i int) span {
	i = run(text, i, func(c byte) bool { return c == ' ' || c == '\t' || c == '[' })
	if strings.HasPrefix(text[i:], "secret]") && i > 0 && text[i-1] == '[' {
		return span{i - 1, i + len("secret]")}
	}
	slashes := run(text, i, func(c byte) bool { return c == '\\' })
	if slashes < len(text) && strings.IndexByte("\"'`", text[slashes]) >= 0 {
		return quotedValue(text, slashes+1, text[i:slashes+1])
	}
	stop := p.stop()
	end := run(text, i, func(c byte) bool { return strings.IndexByte(stop, c) < 0 })
	return span{i, i + len(strings.TrimRight(text[i:end], " \t,;"))}
}

// stop are the characters that a value without quotes ends at.
func (p pair) stop() string {
	switch {
	case p.isHeader():
		return "\n\r\"'`\\"
	case p.first && p.colon:
		return "\n\r"
	case p.first:
		return " \t\n\r"
	}
	return " \t\n\r,;&\"'<>`(){}[]\\"
}

// quotedValue is where a value ends that a quote began, which may be escaped itself.
func quotedValue(text string, i int, quote string) span {
	for end := i; end < len(text) && text[end] != '\n'; end++ {
		if strings.HasPrefix(text[end:], quote) {
			return span{i, end}
		}
		if text[end] == '\\' {
			end++
		}
	}
	return span{i, run(text, i, func(c byte) bool { return c != '\n' })}
}

// plain are words that stand where a secret could, and are none.
var plain = []string{
	Placeholder, "true", "false", "null", "nil", "none", "undefined", "<nil>", "<none>", "<set>", "<unset>", "<redacted>", "redacted",
	"unauthorized", "denied", "forbidden", "invalid", "expired", "missing", "unexpected", "failed", "required", "unknown", "error",
	"timeout", "eof", "empty", "unset", "~", "|", ">", "|-", ">-", "incorrect",
}

// isSecret tells a value from what stands in its place: nothing, a reference, or the rest of a sentence.
func (p pair) isSecret(text string, v span) bool {
	value := text[v.from:v.to]
	if slices.Contains(plain, strings.ToLower(value)) || strings.Trim(value, "*•x.-") == "" {
		return false
	}
	for _, reference := range []string{"${", "$(", "{{"} {
		if strings.HasPrefix(value, reference) {
			return false
		}
	}
	return !p.colon || p.first || p.quoted || text[v.from-1] == '"' || !p.isProse(text, v)
}

// schemes are the first words of an Authorization header.
var schemes = []string{"bearer", "basic", "digest", "token", "negotiate", "apikey"}

// isProse reports whether a value is a plain word with which a sentence goes on.
func (p pair) isProse(text string, v span) bool {
	word := run(text[:v.to], v.from, func(c byte) bool { return isAlnum(c) && (c < '0' || c > '9') })
	if word == v.from || slices.Contains(schemes, strings.ToLower(text[v.from:word])) {
		return false
	}
	return word < len(text) && (strings.IndexByte(" .:", text[word]) >= 0 || word == v.to && text[word] != '\n')
}
