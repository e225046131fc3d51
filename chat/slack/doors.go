package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"
)

const (
	// MinSecret is how long a signing secret has to be, in characters: Slack's have 32.
	MinSecret = 32
	// window is how far a request's time may be from ours.
	window = 5 * time.Minute
	// replayAge is how long a request is remembered: longer than its time can be good for.
	replayAge = 2 * window
	// mostRemembered bounds how many are; where there are more, new ones are not taken.
	mostRemembered = 100_000

	timestampHeader = "X-Slack-Request-Timestamp"
	signatureHeader = "X-Slack-Signature"
)

// The reasons for which a request is not let in. Whoever sent it is told none of them.
var (
	errUnsigned = errors.New("not signed as Slack signs")
	errForged   = errors.New("the signature is not Slack's")
	errOld      = errors.New("the time is too far from ours")
	errReplayed = errors.New("it came before")
	errCrowded  = errors.New("too many requests are remembered")
)

// doors let in what Slack signed, once. https://docs.slack.dev/authentication/verifying-requests-from-slack
type doors struct {
	secrets []string
	now     func() time.Time

	mu    sync.Mutex
	known map[[sha256.Size]byte]time.Time
	swept time.Time
}

func newDoors(secrets []string, now func() time.Time) *doors {
	return &doors{secrets: secrets, now: now, known: map[[sha256.Size]byte]time.Time{}}
}

var (
	timestampForm = regexp.MustCompile(`^[0-9]{1,12}$`)
	signatureForm = regexp.MustCompile(`^v0=[0-9a-f]{64}$`)
)

// admit lets a request in, or says why not. The body is taken as it came: its bytes are what is signed. Where the request
// cannot be served after all, forget lets it come again.
func (d *doors) admit(h http.Header, body []byte) (forget func(), err error) {
	timestamps, signatures := h.Values(timestampHeader), h.Values(signatureHeader)
	if len(timestamps) != 1 || len(signatures) != 1 || !timestampForm.MatchString(timestamps[0]) || !signatureForm.MatchString(signatures[0]) {
		return nil, errUnsigned
	}
	seconds, err := strconv.ParseInt(timestamps[0], 10, 64)
	if err != nil {
		return nil, errUnsigned
	}
	if d.now().Sub(time.Unix(seconds, 0)).Abs() > window {
		return nil, errOld
	}
	if !d.signed(timestamps[0], signatures[0], body) {
		return nil, errForged
	}
	return d.once(sha256.Sum256([]byte(timestamps[0] + ":" + string(body))))
}

// signed compares in constant time, with every secret.
func (d *doors) signed(timestamp, signature string, body []byte) bool {
	good := false
	for _, secret := range d.secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("v0:" + timestamp + ":")) // a hash takes everything
		mac.Write(body)
		if hmac.Equal([]byte("v0="+hex.EncodeToString(mac.Sum(nil))), []byte(signature)) {
			good = true
		}
	}
	return good
}

func (d *doors) once(sum [sha256.Size]byte) (forget func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Sub(d.swept) > window || len(d.known) >= mostRemembered {
		for other, at := range d.known {
			if now.Sub(at) > replayAge {
				delete(d.known, other)
			}
		}
		d.swept = now
	}
	if at, known := d.known[sum]; known && now.Sub(at) <= replayAge {
		return nil, errReplayed
	}
	if len(d.known) >= mostRemembered {
		return nil, errCrowded
	}
	d.known[sum] = now
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.known, sum)
	}, nil
}
