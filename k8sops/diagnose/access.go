package diagnose

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// access is a failing pull beside everything that is known about its credentials.
type access struct {
	Snapshot
	container container
	pulled    pulled
	host      string
	answer    Answer
}

// causes are the root causes, the most likely first; never none.
func (a access) causes() []Reason {
	if reason, plain := plainCauses[a.pulled.code]; plain {
		return []Reason{reason}
	}
	if explain, known := explainers[a.pulled.code]; known {
		return explain(a)
	}
	return a.hidden()
}

// explainers are the classes that say something of the credentials.
var explainers = map[Code]func(access) []Reason{
	TagNotFound: access.missing, RateLimit: access.limited, RateLimitAnon: access.limited,
	BadCreds: access.refused, BadCredsScope: access.refused, BadCredsExpired: access.refused,
	Forbidden: access.forbidden, ForbiddenScope: access.forbidden, ForbiddenIAM: access.forbidden,
}

// limited is about too many pulls, of which those without credentials are counted by address.
func (a access) limited() []Reason { return append([]Reason{RateLimited}, a.withoutCredentials()...) }

// plainCauses are the classes whose root cause does not depend on credentials.
var plainCauses = map[Code]Reason{
	Platform: WrongPlatform, DNS: RegistryDown, NetTimeout: RegistryDown, NetRefused: RegistryDown, NetReset: RegistryDown,
	NetUnreachable: RegistryDown, NetEOF: RegistryDown, Registry5xx: RegistryDown, ProxyHTML: RegistryDown, TLSCA: BadCertificate,
	TLSName: BadCertificate, TLSWire: BadCertificate, HTTPvsHTTPS: BadCertificate, CorruptCache: CorruptImage, CorruptLayer: CorruptImage,
	NodeDiskFull: DiskFull, ManifestFormat: UnsupportedImage, ShortName: BadImageName, InvalidName: BadImageName, Signature: UnsignedImage,
	NeverPull: NeverPulled, PullQPS: PullThrottled,
}

// missing tells a tag that is not there from a repository that is not there.
func (a access) missing() []Reason {
	said := strings.ToLower(a.pulled.quote.Text)
	names := strings.Contains(said, "name unknown") || strings.Contains(said, "name_unknown") || strings.Contains(said, "repository name not known")
	switch {
	case a.answer.Verdict == NoRepository, names && a.answer.Verdict != NoTag:
		return []Reason{MissingRepository}
	case a.answer.Verdict == Accepted:
		return []Reason{LateSecret, MissingTag} // it is there by now
	}
	return []Reason{MissingTag}
}

// refused is about credentials that were sent.
func (a access) refused() []Reason {
	switch {
	case a.answer.Verdict == ExpiredCreds, a.pulled.code == BadCredsExpired && a.answer.Verdict != Accepted:
		return []Reason{ExpiredToken}
	case a.answer.Verdict == Accepted && a.answer.Secret != "":
		return []Reason{LateSecret} // the secret was renewed since: a new pod gets it at once
	}
	return []Reason{WrongToken}
}

// forbidden is about an identity that the registry knows and does not let in.
func (a access) forbidden() []Reason {
	switch {
	case a.answer.Verdict == Accepted && a.answer.Secret != "":
		return append(a.withoutCredentials(), LateSecret)
	case a.answer.Verdict == RefusedCreds && a.answer.Secret != "":
		return []Reason{WrongToken}
	case a.answer.Verdict == ExpiredCreds:
		return []Reason{ExpiredToken}
	}
	return append([]Reason{NotAllowed}, a.withoutCredentials()...)
}

// hidden is about messages that do not tell why: first whether credentials could have been sent at all, then what the
// registry says when it is asked with them.
func (a access) hidden() []Reason {
	if reasons := a.withoutCredentials(); len(reasons) > 0 {
		return reasons
	}
	if reason, told := answered[a.answer.Verdict]; told {
		return []Reason{reason}
	}
	if a.answer.Verdict == DeniedOrGone {
		return []Reason{MissingRepository, NotAllowed}
	}
	if guess, known := guesses[a.pulled.code]; known {
		return guess
	}
	return []Reason{UnknownPull}
}

// guesses are the root causes of messages that hide them, where nothing else is known.
var guesses = map[Code][]Reason{
	NoCredsSent: {NoEntry, WrongType}, Unauthorized: {WrongToken}, DeniedOrMissing: {MissingRepository, NotAllowed},
}

// answered are the root causes by what the registry says to the credentials that the pod has. Where it takes them, the
// pod was made, or is waiting, from before they were good.
var answered = map[Verdict]Reason{
	Accepted: LateSecret, RefusedCreds: WrongToken, ExpiredCreds: ExpiredToken, ForbiddenCreds: NotAllowed, NoTag: MissingTag,
	NoRepository: MissingRepository, TooMany: RateLimited, Unreachable: RegistryDown, BadTLS: BadCertificate,
}

// withoutCredentials is why the runtime had none for this registry; nothing where it had, as far as is known.
func (a access) withoutCredentials() []Reason {
	if a.Pod == nil {
		return nil
	}
	if len(a.Pod.Spec.ImagePullSecrets) == 0 {
		return a.unnamed()
	}
	var reasons []Reason
	for _, named := range a.Pod.Spec.ImagePullSecrets {
		reason := a.useless(named.Name)
		if reason == "" {
			return nil // one good secret is enough
		}
		reasons = append(reasons, reason)
	}
	return slices.Compact(reasons)
}

// unnamed is about a pod that names no secret. Where the registry knows the image to anybody, that is not why.
func (a access) unnamed() []Reason {
	open := a.answer.Secret == "" && a.answer.Verdict == Accepted
	gone := a.answer.Verdict == NoTag || a.answer.Verdict == NoRepository
	if open || gone || a.pulled.code == RateLimit || strings.HasPrefix(string(a.pulled.code), "FORBIDDEN_") {
		return nil
	}
	return []Reason{AccountNotPatched}
}

// useless is why a secret that the pod names gives it no credentials; empty where nothing says so.
func (a access) useless(name string) Reason {
	secret, elsewhere := a.secret(name)
	absent := a.absent(secret, name)
	switch {
	case (absent || secret == nil) && elsewhere != nil:
		return WrongNamespace
	case absent:
		return NoSecret
	case secret == nil:
		return ""
	case !secret.readable():
		return WrongType
	}
	return a.unfit(secret)
}

// unfit is why a secret that the kubelet uses does not help with this image.
func (a access) unfit(secret *PullSecret) Reason {
	switch {
	case secret.Opened && !secret.covers(a.host):
		return NoEntry
	case a.cameLate(secret) && a.mayBeGood():
		return LateSecret
	}
	return ""
}

// absent tells whether a secret is not there: by the cluster's word, or by the kubelet's where nobody else looked.
func (a access) absent(secret *PullSecret, name string) bool {
	if secret != nil {
		return !secret.Found
	}
	_, missed := a.notRetrieved(name)
	return missed
}

// mayBeGood tells whether the registry takes the credentials, as far as it was asked.
func (a access) mayBeGood() bool {
	return slices.Contains([]Verdict{"", Accepted, NotAsked}, a.answer.Verdict)
}

// cameLate tells whether a secret is younger than the pod that waits for it, or than the kubelet's complaint about it.
func (a access) cameLate(secret *PullSecret) bool {
	if e, missed := a.notRetrieved(secret.Name); missed {
		return secret.Created.IsZero() || !secret.Created.Before(firstSeen(e))
	}
	made := a.Pod.CreationTimestamp.Time
	return !made.IsZero() && !secret.Created.IsZero() && secret.Created.After(made.Add(time.Second))
}

// secret is that of the pod's namespace, nil where it was not looked for, and one of that name in another namespace.
func (a access) secret(name string) (here, elsewhere *PullSecret) {
	for i := range a.Secrets {
		s := &a.Secrets[i]
		switch {
		case s.Name != name:
		case s.Namespace == a.Pod.Namespace || s.Namespace == "":
			here = s
		case s.Found:
			elsewhere = s
		}
	}
	return here, elsewhere
}

// notRetrieved finds the kubelet's complaint that it could not get a secret.
func (a access) notRetrieved(name string) (*corev1.Event, bool) {
	for i := range a.Events {
		e := &a.Events[i]
		if e.Reason == "FailedToRetrieveImagePullSecret" && (strings.Contains(e.Message, name) || !strings.Contains(e.Message, "(")) {
			return e, true
		}
	}
	return nil, false
}

func firstSeen(e *corev1.Event) time.Time {
	for _, t := range []time.Time{e.FirstTimestamp.Time, e.EventTime.Time} {
		if !t.IsZero() {
			return t
		}
	}
	return lastSeen(e)
}

// secretName is the secret that the pod names, else the one that its ServiceAccount names.
func (a access) secretName() string {
	if a.Pod != nil && len(a.Pod.Spec.ImagePullSecrets) > 0 {
		return a.Pod.Spec.ImagePullSecrets[0].Name
	}
	if a.Account != nil && len(a.Account.ImagePullSecrets) > 0 {
		return a.Account.ImagePullSecrets[0].Name
	}
	if len(a.Secrets) > 0 {
		return a.Secrets[0].Name
	}
	return ""
}
