package diagnose

import (
	"cmp"
	"strings"
)

// Check is one of the guide's four steps for a failing pull.
type Check struct {
	Step   Step
	Result Result
	// Fact is what was seen, which a sentence is made of.
	Fact CheckFact
	With With
}

// Step names a step of the guide.
type Step string

// The steps of the guide, in its order.
const (
	StepInjected Step = "injected" // is the secret named in the pod, and in its ServiceAccount?
	StepExists   Step = "exists"   // is it in the same namespace, of the right type, with an entry for the registry?
	StepAccepted Step = "accepted" // does the registry take its credentials?
	StepSaid     Step = "said"     // what did the registry say?
)

// Result is how a check came out.
type Result string

// The results of a check.
const (
	Passed  Result = "passed"
	Broken  Result = "broken"
	Unknown Result = "unknown"
)

// CheckFact is what a check saw.
type CheckFact string

// What a check can see.
const (
	InPod          CheckFact = "in-pod"           // Secret
	OnlyInAccount  CheckFact = "only-in-account"  // Secret, Account
	InNeither      CheckFact = "in-neither"       // Account
	NotInPod       CheckFact = "not-in-pod"       // the ServiceAccount is not known
	SecretGood     CheckFact = "secret-good"      // Secret, Host
	SecretAbsent   CheckFact = "secret-absent"    // Secret, Namespace
	SecretAway     CheckFact = "secret-elsewhere" // Secret, Other
	SecretType     CheckFact = "secret-type"      // Secret, Type
	SecretNoEntry  CheckFact = "secret-no-entry"  // Secret, Host, Hosts
	SecretUnread   CheckFact = "secret-unread"    // Secret
	SecretNone     CheckFact = "secret-none"
	CredsTaken     CheckFact = "creds-accepted" // Secret, Host
	CredsRefused   CheckFact = "creds-refused"
	CredsExpired   CheckFact = "creds-expired"
	CredsForbidden CheckFact = "creds-forbidden"
	CredsUntried   CheckFact = "creds-untried" // Host
	RegistryFailed CheckFact = "registry-failed"
	PublicImage    CheckFact = "public-image"
	RegistrySaid   CheckFact = "registry-said" // Reason, Age
	NothingSaid    CheckFact = "nothing-said"
)

// CheckFacts are all that a check can see.
func CheckFacts() []CheckFact {
	return []CheckFact{
		InPod, OnlyInAccount, InNeither, NotInPod, SecretGood, SecretAbsent, SecretAway, SecretType, SecretNoEntry, SecretUnread,
		SecretNone, CredsTaken, CredsRefused, CredsExpired, CredsForbidden, CredsUntried, RegistryFailed, PublicImage, RegistrySaid,
		NothingSaid,
	}
}

// checks are the guide's four steps, all of them, whatever came out.
func (a access) checks() []Check {
	all := []Check{a.injected(), a.exists(), a.accepted(), a.said()}
	for i, step := range []Step{StepInjected, StepExists, StepAccepted, StepSaid} {
		all[i].Step = step
		all[i].With = With{
			"Secret": a.secretName(), "Host": a.host, "Account": cmp.Or(a.account(), "default"), "Type": all[i].With["Type"],
			"Hosts": all[i].With["Hosts"], "Other": all[i].With["Other"], "Age": all[i].With["Age"], "Namespace": a.namespace(),
		}
	}
	return all
}

func (a access) namespace() string {
	if a.Pod == nil {
		return ""
	}
	return a.Pod.Namespace
}

func (a access) injected() Check {
	switch {
	case a.Pod == nil:
		return Check{Result: Unknown, Fact: NotInPod}
	case len(a.Pod.Spec.ImagePullSecrets) > 0:
		return Check{Result: Passed, Fact: InPod}
	case a.Account == nil:
		return Check{Result: Broken, Fact: NotInPod}
	case len(a.Account.ImagePullSecrets) > 0:
		return Check{Result: Broken, Fact: OnlyInAccount}
	}
	return Check{Result: Broken, Fact: InNeither}
}

func (a access) exists() Check {
	name := a.secretName()
	if a.Pod == nil || name == "" {
		return Check{Result: Unknown, Fact: SecretNone}
	}
	here, elsewhere := a.secret(name)
	switch absent := a.absent(here, name); {
	case absent && elsewhere != nil:
		return Check{Result: Broken, Fact: SecretAway, With: With{"Other": elsewhere.Namespace}}
	case absent:
		return Check{Result: Broken, Fact: SecretAbsent}
	case here == nil:
		return Check{Result: Unknown, Fact: SecretUnread}
	}
	return a.content(here)
}

// content checks a secret that is there.
func (a access) content(secret *PullSecret) Check {
	switch {
	case !secret.readable():
		return Check{Result: Broken, Fact: SecretType, With: With{"Type": secret.Type}}
	case !secret.Opened:
		return Check{Result: Unknown, Fact: SecretUnread}
	case !secret.covers(a.host):
		return Check{Result: Broken, Fact: SecretNoEntry, With: With{"Hosts": strings.Join(secret.Hosts, ", ")}}
	}
	return Check{Result: Passed, Fact: SecretGood}
}

func (a access) accepted() Check {
	if a.answer.Secret == "" && a.answer.Verdict == Accepted {
		return Check{Result: Passed, Fact: PublicImage}
	}
	c, told := acceptance[a.answer.Verdict]
	if !told || a.answer.Secret == "" && c.Fact != RegistryFailed {
		return Check{Result: Unknown, Fact: CredsUntried}
	}
	return c
}

// acceptance is what a registry's verdict means for the credentials that it was given.
var acceptance = map[Verdict]Check{
	Accepted: {Result: Passed, Fact: CredsTaken}, NoTag: {Result: Passed, Fact: CredsTaken}, NoRepository: {Result: Passed, Fact: CredsTaken},
	TooMany: {Result: Passed, Fact: CredsTaken}, DeniedOrGone: {Result: Passed, Fact: CredsTaken},
	RefusedCreds: {Result: Broken, Fact: CredsRefused}, ExpiredCreds: {Result: Broken, Fact: CredsExpired},
	ForbiddenCreds: {Result: Broken, Fact: CredsForbidden},
	Unreachable:    {Result: Unknown, Fact: RegistryFailed}, BadTLS: {Result: Unknown, Fact: RegistryFailed},
}

func (a access) said() Check {
	if a.pulled.code == Hidden || a.pulled.quote.Text == "" {
		return Check{Result: Unknown, Fact: NothingSaid}
	}
	c := Check{Result: Broken, Fact: RegistrySaid, With: With{}}
	if a.pulled.event != nil {
		c.With["Age"] = age(a.At, lastSeen(a.pulled.event))
	}
	return c
}

// evidence adds what tells most about the root cause, beside the checks.
func (a access) evidence(f *Finding) {
	if e := a.pulled.event; e != nil {
		f.see(SawEvent, "Reason", e.Reason, "Count", number(max(e.Count, 1)), "Age", age(a.At, lastSeen(e)))
	} else if reason := a.container.waitingReason(); reason != "" {
		f.see(SawState, "State", reason)
	}
	a.answerEvidence(f)
	if f.Reason == AccountNotPatched {
		a.accountEvidence(f)
	}
	if a.Pod != nil {
		here, elsewhere := a.secret(a.secretName())
		a.secretEvidence(f, here, elsewhere)
	}
}

// answerEvidence is what the registry has in place of what was wanted.
func (a access) answerEvidence(f *Finding) {
	if near := a.answer.Near; len(near) > 0 && (f.Reason == MissingTag || f.Reason == MissingRepository) {
		f.With["Near"] = near[0]
		f.see(SawNear, "Tags", strings.Join(near, ", "))
	}
	if f.Reason == WrongPlatform && len(a.answer.Platforms) > 0 {
		f.see(SawPlatforms, "Platforms", strings.Join(a.answer.Platforms, ", "), "Node", a.nodePlatform())
	}
}

// secretEvidence is how the secret is, where that is the root cause.
func (a access) secretEvidence(f *Finding, here, elsewhere *PullSecret) {
	switch {
	case f.Reason == WrongNamespace && elsewhere != nil:
		f.With["Other"] = elsewhere.Namespace
		f.see(SawElsewhere, "Secret", elsewhere.Name, "Other", elsewhere.Namespace)
	case here == nil:
	case f.Reason == LateSecret && !here.Created.IsZero():
		f.see(SawSecretAge, "Secret", here.Name, "Age", age(a.At, here.Created))
	case f.Reason == WrongType && here.Type != "":
		f.see(SawType, "Secret", here.Name, "Type", here.Type)
	case f.Reason == NoEntry && here.Opened:
		f.see(SawHosts, "Secret", here.Name, "Hosts", strings.Join(here.Hosts, ", "))
	}
}

func (a access) accountEvidence(f *Finding) {
	switch {
	case a.Account == nil:
	case len(a.Account.ImagePullSecrets) > 0:
		f.see(SawAccount, "Account", a.Account.Name, "Secret", a.Account.ImagePullSecrets[0].Name)
	default:
		f.With["Unpatched"] = "yes"
		f.see(SawAccounting, "Account", a.Account.Name)
	}
}

func (a access) nodePlatform() string {
	if a.Node == nil {
		return ""
	}
	return a.Node.Status.NodeInfo.OperatingSystem + "/" + a.Node.Status.NodeInfo.Architecture
}
