package registry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// told is the status that a registry answered with; 0 where it did not answer.
func told(err error) int {
	if no, ok := errors.AsType[*transport.Error](err); ok {
		return no.StatusCode
	}
	return 0
}

// judge reads an answer that is no image. authenticated is true where a token was issued for the credentials.
func judge(err error, authenticated bool) Answer {
	if err == nil {
		return Answer{Verdict: Accepted} // it came with the second try
	}
	no, answered := errors.AsType[*transport.Error](err)
	if !answered {
		return Answer{Verdict: wire(err)}
	}
	return Answer{Verdict: verdict(no, authenticated), Said: words(no)}
}

func verdict(no *transport.Error, authenticated bool) Verdict {
	has := func(code transport.ErrorCode) bool {
		return slices.ContainsFunc(no.Errors, func(d transport.Diagnostic) bool { return d.Code == code })
	}
	switch {
	case no.StatusCode == http.StatusTooManyRequests, has(transport.TooManyRequestsErrorCode):
		return RateLimited
	case has(transport.NameUnknownErrorCode):
		return NoRepository
	case no.StatusCode == http.StatusNotFound:
		return NoTag
	case strings.Contains(strings.ToLower(words(no)), "expired"):
		return Expired
	case no.StatusCode == http.StatusUnauthorized && authenticated:
		return DeniedOrGone
	case no.StatusCode == http.StatusUnauthorized:
		return Refused
	case no.StatusCode == http.StatusForbidden:
		return Forbidden
	}
	return Unreachable
}

// words are what a registry said, without the address that was asked.
func words(no *transport.Error) string {
	said := make([]string, 0, len(no.Errors)+1)
	said = append(said, strings.TrimSpace(http.StatusText(no.StatusCode)))
	for _, d := range no.Errors {
		text := strings.ToLower(string(d.Code)) + ": " + d.Message
		said = append(said, text[:min(len(text), mostWords)])
	}
	return strings.ToValidUTF8(strings.Join(said, ": "), "")
}

const mostWords = 500

// wire is why a registry could not be heard.
func wire(err error) Verdict {
	var (
		record  tls.RecordHeaderError
		alert   tls.AlertError
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid):
		return BadTLS
	case errors.Is(err, http.ErrSchemeMismatch):
		return BadTLS
	case errors.Is(err, errNotAllowed):
		return NotAsked
	}
	return Unreachable
}

const (
	// mostTags is how many tags are looked through.
	mostTags = 1000
	// mostNear is how many are offered.
	mostNear = 3
)

// near finds tags like the one that is not there. A registry that does not know the repository says so here.
func near(ctx context.Context, puller *remote.Puller, ref name.Reference, answer Answer) Answer {
	lister, err := puller.Lister(ctx, ref.Context())
	if err != nil {
		if told(err) == http.StatusNotFound {
			answer.Verdict = NoRepository
		}
		return answer
	}
	page, err := lister.Next(ctx)
	if err != nil {
		return answer
	}
	answer.Near = nearest(ref.Identifier(), page.Tags[:min(len(page.Tags), mostTags)])
	return answer
}

// nearest sorts tags by how far they are from a wanted one.
func nearest(wanted string, tags []string) []string {
	tags = slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return len(t) > 128 })
	slices.SortStableFunc(tags, func(a, b string) int {
		return cmp.Or(cmp.Compare(levenshtein.Distance(wanted, a, nil), levenshtein.Distance(wanted, b, nil)), cmp.Compare(a, b))
	})
	return tags[:min(len(tags), mostNear)]
}
