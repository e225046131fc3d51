package scenario

import (
	"context"

	"rtbot/lab/registry"
)

// images are the ways in which the image is not to be had, whatever the credentials.
func images() []Scenario {
	named := func(image string) func(*app) { return func(a *app) { a.container.Image = image } }
	return []Scenario{
		own(Scenario{
			Name: "missing-tag", Code: "TAG_NOT_FOUND", Why: "there is no such tag",
			shows: pulling("break-missing-tag", "nginx:9.99: not found"),
		}, named("nginx:9.99")),
		own(Scenario{
			Name: "missing-repository", Code: "DENIED_OR_MISSING", Why: "there is no such repository",
			shows: pulling("break-missing-repository", denied),
		}, named("acme/no-such-app:1.0")),
		ofPrivate(Scenario{
			Name: "rate-limit", Code: "RATE_LIMIT", Why: "the account has pulled too often", make: failing(registry.RateLimit),
		}, "toomanyrequests"),
		own(Scenario{
			Name: "wrong-platform", Code: "PLATFORM", Why: "there is an image for arm64 alone",
			shows: pulling("break-wrong-platform", "no match for platform in manifest"),
		}, named("rtpublic/arm-only:1.0")),
		ofPrivate(Scenario{
			Name: "registry-down", Code: "NET_REFUSED", Why: "the registry does not answer", make: failing(registry.Down),
		}, "connection refused"),
		ofPrivate(Scenario{
			Name: "bad-certificate", Code: "TLS_CA", Why: "the nodes do not trust the registry's certificate",
			make: func(_ context.Context, w *World) error {
				w.Puller.Redirect(registry.Host, w.Untrusted)
				return nil
			},
		}, "certificate signed by unknown authority"),
	}
}
