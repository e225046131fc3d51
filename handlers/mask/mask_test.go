package mask_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rtbot/chat"
	"rtbot/handlers/mask"
)

// own are the bot's own credentials in these tests, with all that makes them hard to find.
var own = []string{"hunter2pw", "p@ss:w/ord?&é", `quo"te\back`, "xoxb-short", "0123456789abcdef0123456789abcdef01234567"}

func masker() *mask.Masker {
	m := &mask.Masker{}
	m.Know(own...)
	return m
}

// letters gives n letters and digits that look random, and are the same each time.
func letters(n int) string {
	const from = "aZ3kQ9xB7mR1tY5wC8vN2pL4sD6fG0hJ"
	var out strings.Builder
	for i := range n {
		out.WriteByte(from[(i*i+7*i+n)%len(from)])
	}
	return out.String()
}

// pem is a private key as openssl writes it.
func pem(label string) string {
	var out strings.Builder
	out.WriteString("-----BEGIN " + label + "-----\n")
	body := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x30\x82\x04\xa4\x02\x01\x00key", 120)))
	for len(body) > 64 {
		out.WriteString(body[:64] + "\n")
		body = body[64:]
	}
	return out.String() + body + "\n-----END " + label + "-----"
}

// webToken is a JSON web token.
var webToken = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
	base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"system:serviceaccount:rt:default","exp":1}`)) + "." + letters(86)

// tokens are secrets that are known wherever they stand.
var tokens = []string{
	"ghp_" + letters(36), "gho_" + letters(36), "ghu_" + letters(36), "ghs_" + letters(36), "ghr_" + letters(36),
	"github_pat_" + letters(22) + "_" + letters(59), "glpat-" + letters(20), "gldt-" + letters(20), "glrt-" + letters(20),
	"glptt-" + letters(40), "xoxb-" + "1234567890-1234567890-" + letters(24), "xoxp-" + letters(60), "xapp-1-A0123-" + letters(40),
	"xoxe.xoxp-1-" + letters(60), "AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE", "AIza" + letters(35), "ya29." + letters(60),
	"GOCSPX-" + letters(28), "npm_" + letters(36), "dckr_pat_" + letters(27), "dckr_oat_" + letters(32), "sk_live_" + letters(24),
	"rk_live_" + letters(24), "sk-ant-api03-" + letters(80), "sk-proj-" + letters(48), "sk-" + letters(48), "hvs." + letters(90),
	"hvb." + letters(90), "SG." + letters(22) + "." + letters(43), "pypi-AgEIcHlwaS" + letters(60), "dop_v1_" + strings.Repeat("0a1b", 16),
	"shpat_" + strings.Repeat("0a1b", 8), "hf_" + letters(34), "syt_" + letters(30), "AGE-SECRET-KEY-1" + strings.ToUpper(letters(58)),
	webToken,
}

// ways are how a secret is written down.
var ways = map[string]func(string) string{
	"as it is":           func(s string) string { return "the log says " + s + " and goes on" },
	"alone":              func(s string) string { return s },
	"in quotes":          func(s string) string { return `x="` + s + `"` },
	"in JSON":            func(s string) string { return `{"msg":` + quoted(`it is `+s+`!`) + `}` },
	"in a query":         func(s string) string { return "GET /x?a=1&b=" + url.QueryEscape(s) + "&c=2" },
	"in base64":          func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"in base64 of more":  func(s string) string { return base64.StdEncoding.EncodeToString([]byte("some words, " + s)) },
	"in base64 for URLs": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("ü " + s)) },
	"in base64 twice": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	},
	"parted by what nobody sees": func(s string) string { return s[:5] + "\u200b" + s[5:6] + "\u2060" + s[6:] },
	"parted by colours":          func(s string) string { return s[:5] + "\x1b[31m" + s[5:] },
	"wrapped at 76": func(s string) string {
		line := strings.Repeat("x", 60) + " tok:"
		line += s
		return line[:76] + "\n" + line[76:] + "\nnext"
	},
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// leaks reports whether enough of a secret is left to be worth something.
func leaks(text, secret string) bool {
	text = strings.NewReplacer("\n", "", "\u200b", "", "\u2060", "").Replace(text)
	for i := 0; i+12 <= len(secret); i += 4 {
		if strings.Contains(text, secret[i:i+12]) {
			return true
		}
	}
	return strings.Contains(text, secret)
}

func TestEverySecretIsMaskedInEveryWayOfWritingIt(t *testing.T) {
	m := masker()
	for _, secret := range append(own, tokens...) {
		for name, write := range ways {
			if name == "wrapped at 76" && len(secret) < 12 {
				continue
			}
			text := write(secret)
			got := m.Text(text)
			if !strings.Contains(got, mask.Placeholder) || leaks(got, secret) {
				t.Errorf("%s, %s:\n%s\nis shown as\n%s", secret, name, text, got)
			}
			if again := m.Text(got); again != got {
				t.Errorf("%s, %s: masked again, it is\n%s", secret, name, again)
			}
		}
	}
	for _, secret := range own {
		if got := m.Text("hex " + hex.EncodeToString([]byte(secret))); got != "hex [secret]" {
			t.Errorf("%s in hexadecimal is shown as %q", secret, got)
		}
	}
}

func TestPrivateKeysAreMaskedWhollyAndInPart(t *testing.T) {
	m := masker()
	for _, label := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"} {
		key := pem(label)
		lines := strings.Split(key, "\n")
		for name, text := range map[string]string{
			"whole":           key,
			"on one line":     `{"key":"` + strings.ReplaceAll(key, "\n", `\n`) + `"}`,
			"indented":        "    " + strings.Join(lines, "\n    "),
			"with timestamps": "12:00 " + strings.Join(lines, "\n12:00 "),
			"without its end": strings.Join(lines[:6], "\n"),
			"without a start": strings.Join(lines[3:], "\n"),
			"in base64":       base64.StdEncoding.EncodeToString([]byte(key)),
		} {
			got := m.Text("it was before\n" + text + "\nthe log goes on")
			if leaks(got, lines[4]) || leaks(got, base64.StdEncoding.EncodeToString([]byte(lines[4]))) {
				t.Errorf("%s, %s: %s", label, name, got)
			}
			if !strings.HasPrefix(got, "it was before\n") || !strings.HasSuffix(got, "the log goes on") {
				t.Errorf("%s, %s masks too much: %s", label, name, got)
			}
		}
	}
	certificate := pem("CERTIFICATE")
	if got := m.Text(certificate); got != certificate {
		t.Errorf("a certificate is no secret: %s", got)
	}
}

// The rows say what is left of a text.
func TestWhatStandsAroundASecretIsKept(t *testing.T) {
	dockerconfig := `{"auths":{"https://index.docker.io/v1/":{"username":"rt","password":"dckr","auth":"cnQ6ZGNrcg=="}}}`
	tests := map[string]string{
		"Authorization: Bearer abc.def":                                "Authorization: [secret]",
		"> authorization: Basic dTpw\nHost: x":                         "> authorization: [secret]\nHost: x",
		"Cookie: session=abc; theme=dark":                              "Cookie: [secret]",
		"Set-Cookie: sid=1; Path=/":                                    "Set-Cookie: [secret]",
		"x-api-key: 12":                                                "x-api-key: [secret]",
		`curl -H "X-Auth-Token: abc" https://x`:                        `curl -H "X-Auth-Token: [secret]" https://x`,
		`{"Authorization":["Bearer abc"],"Host":["x"]}`:                `{"Authorization":["[secret]"],"Host":["x"]}`,
		"sent Bearer 0123456789abcdef on":                              "sent Bearer [secret] on",
		"postgres://u:p%40ss@db:5432/x?sslmode=off":                    "postgres://[secret]@db:5432/x?sslmode=off",
		"amqp://guest:guest@mq/":                                       "amqp://[secret]@mq/",
		"redis://:pw@cache:6379":                                       "redis://[secret]@cache:6379",
		"https://user:ghp_x@github.com/a/b":                            "https://[secret]@github.com/a/b",
		"mongodb+srv://a:b@c@d.example.org/x":                          "mongodb+srv://[secret]@d.example.org/x",
		"root:pw@tcp(db:3306)/x":                                       "[secret]@tcp(db:3306)/x",
		"password=hunter3":                                             "password=[secret]",
		"DB_PASSWORD=a,b;c d":                                          "DB_PASSWORD=[secret] d",
		"export TOKEN=abc":                                             "export TOKEN=[secret]",
		"level=info password=abc user=bob":                             "level=info password=[secret] user=bob",
		`{"user":"bob","password":"a\"b","n":1}`:                       `{"user":"bob","password":"[secret]","n":1}`,
		`msg="{\"api_key\":\"abc\",\"n\":1}"`:                          `msg="{\"api_key\":\"[secret]\",\"n\":1}"`,
		"client_secret: 'abc' # x":                                     "client_secret: '[secret]' # x",
		"  passwd: correct horse battery\nnext: 1":                     "  passwd: [secret]\nnext: 1",
		"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG":                "aws_secret_access_key = [secret]",
		"login failed with password: hunter3":                          "login failed with password: [secret]",
		"GET /cb?code=1&access_token=abc&x=2":                          "GET /cb?code=1&access_token=[secret]&x=2",
		"https://s3/x?X-Amz-Signature=abc&y=1":                         "https://s3/x?X-Amz-Signature=[secret]&y=1",
		"mysql --password hunter3 -h db":                               "mysql --password [secret] -h db",
		"app --api-token=abc --port 80":                                "app --api-token=[secret] --port 80",
		"CREATE USER x IDENTIFIED BY 'pw'":                             "CREATE USER x IDENTIFIED BY '[secret]'",
		"ALTER ROLE x PASSWORD 'pw';":                                  "ALTER ROLE x PASSWORD '[secret]';",
		"curl -s -u bob:pw https://x":                                  "curl -s -u [secret] https://x",
		dockerconfig:                                                   `{"auths":{"https://index.docker.io/v1/":{"username":"rt","password":"[secret]","auth":"[secret]"}}}`,
		"x " + base64.StdEncoding.EncodeToString([]byte(dockerconfig)): "x [secret]",
		".dockerconfigjson: e30=":                                      ".dockerconfigjson: [secret]",
		"kind: Secret\ndata:\n  user: cnQ=\n  file: |\n    abc\n    def\ntype: Opaque": "kind: Secret\ndata:\n  user: [secret]\n  file: |\n    [secret]\n    [secret]\ntype: Opaque",
		"apiVersion: v1\nstringData:\n  a: b\nkind: Secret":                            "apiVersion: v1\nstringData:\n  a: [secret]\nkind: Secret",
		"kind: Secret\ndata: {a: Yg==}\nx: 1":                                          "kind: Secret\ndata: {[secret]}\nx: 1",
		`{"kind":"Secret","data":{"a":"Yg=="},"type":"Opaque"}`:                        `{"kind":"Secret","data":{[secret]},"type":"Opaque"}`,
		`{\"data\":{\"a\":\"Yg==\"},\"kind\":\"Secret\"}`:                              `{\"data\":{[secret]},\"kind\":\"Secret\"}`,
	}
	m := &mask.Masker{}
	for text, want := range tests {
		got := m.Text(text)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s", diff)
		}
		if again := m.Text(got); again != got {
			t.Errorf("masked again, it is %s", again)
		}
	}
}

// What people need to see is no secret.
func TestWhatIsNoSecretIsLeftAlone(t *testing.T) {
	for _, text := range []string{
		"commit 94e9402b1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f", "5f0c9f3a-6b1e-4c8e-9a3b-0d1e2f3a4b5c",
		"nginx@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"trace_id=4bf92f3577b34da6a3ce929d0e0e4736", `password: ""`, "password:", "password=", "secretName: foo", "secretName: dockerhub-auth-secret",
		"secretKeyRef: {name: db, key: password}", "valueFrom:\n  secretKeyRef:\n    name: db\n    key: password", "imagePullSecrets: [dockerhub-auth-secret]",
		"automountServiceAccountToken: false", "password: ${DB_PASSWORD}", "token: $(cat /run/token)", "password: null", "PasswordAuthentication yes",
		"token_type: bearer", "tokens: 512", "max_tokens=512", "secrets: 3 found", `secret "dockerhub-auth-secret" not found`,
		"https://github.com/rt/forge/commit/94e9402b1c0d3e4f5a6b7c8d9e0f1a2b3c4d5e6f", "ssh://git@github.com/rt/forge", "git@github.com:rt/forge.git",
		"https://example.org/@scope/pkg", "http://127.0.0.1:8090/?x=1", "nginx:1.27", "gitea-7d9c8b6f5-x2x4z",
		"failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=repository%3Art%2Fapp%3Apull&service=registry.docker.io: 401 Unauthorized",
		`failed to fetch oauth token: Post "https://auth.docker.io/token": dial tcp: lookup auth.docker.io: no such host`,
		"unauthorized: incorrect username or password", "denied: requested access to the resource is denied", "no basic auth credentials",
		"pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
		`Www-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`, "invalid token: expired", "basic authentication is off",
		"couldn't find key password in Secret rt/db-secret", "MountVolume.SetUp failed for volume \"v\" : secret \"db\" not found",
		"  replicas: 1\n+  replicas: 2\n", "the bearer of this letter", "sk-learn is a library", "npm_lifecycle_event=start", "hf_hub=on",
		"aGVsbG8gd29ybGQsIHRoaXMgaXMgcGxhaW4gdGV4dA==", "author: alice", "authentication: on", "kind: ConfigMap\ndata:\n  a: b",
		"Generation 3 of ReplicaSet gitea-7d9c8b6f5 has 1/1 pods\nand the next line is here", "compass: north", "spin: 3",
		strings.Repeat("a long line of words that ends at a word ", 2) + "here\nand goes on in the next line with other words",
	} {
		if got := masker().Text(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

func TestEveryPartOfACardIsMasked(t *testing.T) {
	card := func(s string) chat.Card {
		return chat.Card{
			State: chat.Answered, Title: s, Text: []string{s}, Facts: []chat.Fact{{Label: "l", Value: s, Link: "https://x"}},
			Steps: []chat.Step{{Label: "l", Note: s}}, Table: &chat.Table{Columns: []string{"c"}, Rows: [][]string{{s, "1"}}},
			Quotes: []chat.Quote{{Label: s, Text: s, File: "f"}}, Buttons: []chat.Button{{Label: "b", Command: "c"}},
		}
	}
	dirty := card("it is hunter2pw")
	if diff := cmp.Diff(card("it is [secret]"), masker().Card(dirty)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(card("it is hunter2pw"), dirty); diff != "" {
		t.Errorf("the card that was given is changed:\n%s", diff)
	}
}

func TestAShortCredentialMakesNoHoles(t *testing.T) {
	m := &mask.Masker{}
	m.Know("", " ", "abc", "  hunter2pw \n")
	if got := m.Text("abc hunter2pw"); got != "abc [secret]" {
		t.Errorf("got %q", got)
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"password=x", "-----BEGIN PRIVATE KEY-----\nab", "kind: Secret\ndata:\n a: b", "a://b:c@d", "eyJhIjoxfQ.eyJhIjoxfQ.x", "Cookie: a",
		`"token":"\"`, "x\u200by", "[U+200B]", "[secret]", webToken, base64.StdEncoding.EncodeToString([]byte("password=hunter2pw")),
	} {
		f.Add(seed)
	}
	m := masker()
	f.Fuzz(func(t *testing.T, text string) {
		got := m.Text(text)
		if again := m.Text(got); again != got {
			t.Errorf("%q is shown as %q and then as %q", text, got, again)
		}
		if strings.Contains(got, own[0]) {
			t.Errorf("%q leaks", got)
		}
	})
}

// The worst texts of a mebibyte take about as long as others: nothing is searched anew for each part of it.
func BenchmarkText(b *testing.B) {
	texts := map[string]string{
		"log": "2026-11-24T12:00:00Z INFO request served path=/api/v1/repos status=200 took=12ms id=4bf92f3577b34da6\n", "letters": "a",
		"keys": "token=", "quotes": `password:"`, "begins": "-----BEGIN PRIVATE KEY-----", "ends": "-----END PRIVATE KEY-----",
		"headers": "cookie:", "braces": "kind: Secret data:{", "urls": "://a", "webtokens": "eyJ.", "base64": "cGFzc3dvcmQ9aHVudGVy",
		"secrets": "x ghp_" + letters(36) + "\n",
	}
	for name, part := range texts {
		text := strings.Repeat(part, (1<<20)/len(part))
		b.Run(name, func(b *testing.B) {
			m := masker()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Text(text)
			}
		})
	}
}

func Example() {
	m := &mask.Masker{}
	m.Know("correct-horse")
	fmt.Println(m.Text("PGPASSWORD=abc psql postgres://rt:pw@db/x # correct-horse"))
	// Output: PGPASSWORD=[secret] psql postgres://[secret]@db/x # [secret]
}
