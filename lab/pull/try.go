package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxAnswer is the most that is read of an answer.
const maxAnswer = 1 << 20

// platform is that of the lab's nodes.
const platform = "linux/amd64"

// try is one attempt to pull an image.
type try struct {
	puller     *Puller
	mirror     Mirror
	repository string
	reference  string
	// name is the whole name of the image, and token what the realm gave.
	name  string
	token string
}

// each tries the credentials one after the other, as a kubelet does; the last error stands.
func (t *try) each(ctx context.Context, all []Credentials) (Image, error) {
	if len(all) == 0 {
		return t.pull(ctx, nil)
	}
	var err error
	for _, c := range all {
		var got Image
		if got, err = t.pull(ctx, &c); err == nil {
			return got, nil
		}
	}
	return Image{}, err
}

// pull resolves the name, then fetches the manifest and looks for the platform in it.
func (t *try) pull(ctx context.Context, c *Credentials) (Image, error) {
	t.token = ""
	digest, err := t.resolve(ctx, c)
	if err != nil {
		err.Words = fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: %s", t.name, t.name, err.Words)
		return Image{}, err
	}
	size, err := t.fetch(ctx, digest)
	if err != nil {
		err.Words = fmt.Sprintf("failed to pull and unpack image %q: %s", t.name, err.Words)
		return Image{}, err
	}
	return Image{Name: t.name, Digest: digest, Size: size}, nil
}

func (t *try) path(reference string) string { return "/v2/" + t.repository + "/manifests/" + reference }

// resolve asks what the name stands for, with a token once the registry wants one.
func (t *try) resolve(ctx context.Context, c *Credentials) (string, *Error) {
	for {
		answer, err := t.ask(ctx, http.MethodHead, t.path(t.reference))
		if err != nil {
			return "", words("failed to do request: Head %q: %v", "https://"+t.server()+t.path(t.reference), err)
		}
		switch {
		case answer.status == http.StatusOK:
			return answer.header.Get("Docker-Content-Digest"), nil
		case answer.status == http.StatusUnauthorized && t.token == "":
			if err := t.authorize(ctx, answer.header.Get("WWW-Authenticate"), c); err != nil {
				return "", err
			}
		case answer.status == http.StatusUnauthorized:
			return "", words("pull access denied, repository does not exist or may require authorization: " +
				"server message: insufficient_scope: authorization failed")
		case answer.status == http.StatusNotFound:
			return "", &Error{Words: t.name + ": not found", NotFound: true}
		default:
			return "", words("unexpected status from HEAD request to https://%s%s: %s",
				t.server(), t.path(t.reference), status(answer.status))
		}
	}
}

// fetch reads the manifest and gives the size of what it stands for.
func (t *try) fetch(ctx context.Context, digest string) (int64, *Error) {
	answer, err := t.ask(ctx, http.MethodGet, t.path(digest))
	if err != nil {
		return 0, words("failed to copy: httpReadSeeker: failed open: failed to do request: Get %q: %v",
			"https://"+t.server()+t.path(digest), err)
	}
	if answer.status != http.StatusOK {
		return 0, words("failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://%s%s: %s%s",
			t.server(), t.path(digest), status(answer.status), answer.message())
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(answer.body, &index); err != nil {
		return 0, words("failed to decode the manifest: %v", err)
	}
	if len(index.Manifests) == 0 {
		return int64(len(answer.body)), nil
	}
	for _, m := range index.Manifests {
		if m.Platform != nil && m.Platform.OS+"/"+m.Platform.Architecture == platform {
			return m.Size, nil
		}
	}
	return 0, &Error{Words: "no match for platform in manifest: not found", NotFound: true}
}

var challenge = regexp.MustCompile(`(realm|service|scope)="([^"]*)"`)

// authorize gets a token from the realm that the registry named.
func (t *try) authorize(ctx context.Context, header string, c *Credentials) *Error {
	kind := "anonymous"
	if c != nil {
		kind = "oauth"
	}
	fields := map[string]string{}
	for _, m := range challenge.FindAllStringSubmatch(header, -1) {
		fields[m[1]] = m[2]
	}
	query := url.Values{"scope": {fields["scope"]}, "service": {fields["service"]}}.Encode()
	answer, err := t.askRealm(ctx, fields["realm"]+"?"+query, c)
	shown := "https://" + t.mirror.Realm + "/token?" + query
	if err != nil {
		return words("failed to authorize: failed to fetch %s token: Get %q: %v", kind, shown, err)
	}
	if answer.status != http.StatusOK {
		return words("failed to authorize: failed to fetch %s token: unexpected status from GET request to %s: %s%s",
			kind, shown, status(answer.status), answer.details())
	}
	var body struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(answer.body, &body); err != nil || body.Token == "" {
		return words("failed to authorize: failed to fetch %s token: server did not include token in response", kind)
	}
	t.token = body.Token
	return nil
}

func (t *try) server() string { return t.mirror.Server }

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask asks the registry; one that the lab has not is one that no name server knows.
func (t *try) ask(ctx context.Context, method, path string) (*answer, error) {
	if t.mirror.URL == "" {
		host, _, _ := strings.Cut(t.name, "/")
		t.mirror.Server = host
		return nil, fmt.Errorf("dial tcp: lookup %s: no such host", host)
	}
	request, err := http.NewRequestWithContext(ctx, method, t.mirror.URL+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "+
		"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*")
	if t.token != "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	return t.send(request)
}

func (t *try) askRealm(ctx context.Context, at string, c *Credentials) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil, err
	}
	if c != nil {
		request.SetBasicAuth(c.Name, c.Password)
	}
	return t.send(request)
}

// send gives the answer, or what went wrong without the address, which the messages name in their own way.
func (t *try) send(request *http.Request) (*answer, error) {
	response, err := t.puller.http.Do(request)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return nil, outer.Err
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

// message is what a registry's error says, as containerd adds it on a line of its own.
func (a *answer) message() string {
	var body struct {
		Errors []struct{ Code, Message string } `json:"errors"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil || len(body.Errors) == 0 {
		return ""
	}
	return "\n" + strings.ToLower(body.Errors[0].Code) + ": " + body.Errors[0].Message
}

// details is what a realm's error says.
func (a *answer) details() string {
	var body struct {
		Details string `json:"details"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil || body.Details == "" {
		return ""
	}
	return ": " + body.Details
}

func status(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }

func words(format string, args ...any) *Error { return &Error{Words: fmt.Sprintf(format, args...)} }
