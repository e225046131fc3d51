package diagnose

// Code is the class of what was seen. Codes stand in answers that programs read and never change their meaning.
type Code string

// The classes of a registry's message.
const (
	NoCredsSent     Code = "NO_CREDS_SENT"     // the runtime asked without credentials
	BadCreds        Code = "BAD_CREDS"         // credentials were sent and refused
	BadCredsExpired Code = "BAD_CREDS_EXPIRED" // they were good once
	BadCredsScope   Code = "BAD_CREDS_SCOPE"   // the token is not made for pulling
	Unauthorized    Code = "UNAUTHORIZED"      // refused, and nothing says whether credentials were sent
	Forbidden       Code = "FORBIDDEN"         // the identity is known and not allowed
	ForbiddenScope  Code = "FORBIDDEN_SCOPE"
	ForbiddenIAM    Code = "FORBIDDEN_IAM"
	DeniedOrMissing Code = "DENIED_OR_MISSING" // the registry hides whether the repository is private or not there
	TagNotFound     Code = "TAG_NOT_FOUND"
	Platform        Code = "PLATFORM" // no image for this CPU
	RateLimit       Code = "RATE_LIMIT"
	RateLimitAnon   Code = "RATE_LIMIT_ANON" // counted by address: no credentials were used
	DNS             Code = "DNS"
	NetTimeout      Code = "NET_TIMEOUT"
	NetRefused      Code = "NET_REFUSED"
	NetReset        Code = "NET_RESET"
	NetUnreachable  Code = "NET_UNREACHABLE"
	NetEOF          Code = "NET_EOF"
	Registry5xx     Code = "REGISTRY_5XX"
	ProxyHTML       Code = "PROXY_HTML" // a web page came where a manifest should
	TLSCA           Code = "TLS_CA"
	TLSName         Code = "TLS_NAME"
	TLSWire         Code = "TLS_WIRE"
	HTTPvsHTTPS     Code = "HTTP_VS_HTTPS"
	CorruptCache    Code = "CORRUPT_CACHE"
	CorruptLayer    Code = "CORRUPT_LAYER"
	NodeDiskFull    Code = "NODE_DISK_FULL"
	ManifestFormat  Code = "MANIFEST_FORMAT"
	ShortName       Code = "SHORT_NAME"
	Signature       Code = "SIGNATURE"
	InvalidName     Code = "INVALID_NAME"
	NeverPull       Code = "NEVER_PULL"
	PullQPS         Code = "PULL_QPS"
	Hidden          Code = "HIDDEN"       // only the back-off is left to see
	PullUnknown     Code = "PULL_UNKNOWN" // words that no rule knows
)

// The classes of everything else.
const (
	OOMKilled        Code = "OOM_KILLED"
	CrashLooping     Code = "CRASH_LOOP"
	StartFailed      Code = "START_FAILED" // the container could not even be started
	ProbeFailed      Code = "PROBE_FAILED"
	Unschedulable    Code = "UNSCHEDULABLE"
	VolumeUnbound    Code = "VOLUME_UNBOUND"
	MountFailed      Code = "MOUNT_FAILED"
	ConfigMapMissing Code = "CONFIGMAP_MISSING"
	SecretMissing    Code = "SECRET_MISSING"
	KeyMissing       Code = "KEY_MISSING"
	ConfigInvalid    Code = "CONFIG_INVALID"
	InitFailed       Code = "INIT_FAILED"
	QuotaExceeded    Code = "QUOTA_EXCEEDED"
	PodRefused       Code = "POD_REFUSED" // an admission rule
	PodEvicted       Code = "EVICTED"
	NodeDown         Code = "NODE_NOT_READY"
	Terminating      Code = "STUCK_TERMINATING"
	RolloutStalled   Code = "ROLLOUT_STALLED"
)

// Reason is the root cause: what a person would change.
type Reason string

// The root causes of failing pulls.
const (
	NoSecret          Reason = "no-secret"
	LateSecret        Reason = "late-secret"
	WrongNamespace    Reason = "wrong-namespace"
	WrongType         Reason = "wrong-type"
	NoEntry           Reason = "no-entry"
	WrongToken        Reason = "wrong-token"
	ExpiredToken      Reason = "expired-token"
	NotAllowed        Reason = "forbidden"
	MissingTag        Reason = "missing-tag"
	MissingRepository Reason = "missing-repository"
	RateLimited       Reason = "rate-limit"
	WrongPlatform     Reason = "wrong-platform"
	RegistryDown      Reason = "registry-down"
	BadCertificate    Reason = "bad-certificate"
	AccountNotPatched Reason = "sa-not-patched"
	CorruptImage      Reason = "corrupt-image"
	DiskFull          Reason = "disk-full"
	UnsupportedImage  Reason = "unsupported-image"
	UnsignedImage     Reason = "unsigned-image"
	BadImageName      Reason = "bad-image-name"
	NeverPulled       Reason = "never-pulled"
	PullThrottled     Reason = "pull-throttled"
	UnknownPull       Reason = "unknown-pull"
)

// The root causes of everything else.
const (
	CrashLoop             Reason = "crash-loop"
	OutOfMemory           Reason = "out-of-memory"
	FailingProbe          Reason = "failing-probe"
	UnschedulableCPU      Reason = "unschedulable-cpu"
	UnschedulableMemory   Reason = "unschedulable-memory"
	UnschedulableResource Reason = "unschedulable-resource"
	UnschedulableTaint    Reason = "unschedulable-taint"
	UnschedulableAffinity Reason = "unschedulable-affinity"
	UnboundVolume         Reason = "unbound-volume"
	VolumeMount           Reason = "volume-mount"
	MissingConfigMap      Reason = "missing-configmap"
	MissingSecret         Reason = "missing-secret"
	MissingKey            Reason = "missing-key"
	BadConfig             Reason = "bad-config"
	InitFailure           Reason = "init-failure"
	OverQuota             Reason = "quota"
	RefusedPod            Reason = "refused-pod"
	Evicted               Reason = "evicted"
	NodeNotReady          Reason = "node-not-ready"
	StuckTerminating      Reason = "stuck-terminating"
	BadRollout            Reason = "bad-rollout"
)

// Codes are all classes that a finding may have.
func Codes() []Code {
	return []Code{
		NoCredsSent, BadCreds, BadCredsExpired, BadCredsScope, Unauthorized, Forbidden, ForbiddenScope, ForbiddenIAM,
		DeniedOrMissing, TagNotFound, Platform, RateLimit, RateLimitAnon, DNS, NetTimeout, NetRefused, NetReset,
		NetUnreachable, NetEOF, Registry5xx, ProxyHTML, TLSCA, TLSName, TLSWire, HTTPvsHTTPS, CorruptCache, CorruptLayer,
		NodeDiskFull, ManifestFormat, ShortName, Signature, InvalidName, NeverPull, PullQPS, Hidden, PullUnknown,
		OOMKilled, CrashLooping, StartFailed, ProbeFailed, Unschedulable, VolumeUnbound, MountFailed, ConfigMapMissing,
		SecretMissing, KeyMissing, ConfigInvalid, InitFailed, QuotaExceeded, PodRefused, PodEvicted, NodeDown, Terminating,
		RolloutStalled,
	}
}

// Reasons are all root causes that a finding may have.
func Reasons() []Reason {
	return []Reason{
		NoSecret, LateSecret, WrongNamespace, WrongType, NoEntry, WrongToken, ExpiredToken, NotAllowed, MissingTag,
		MissingRepository, RateLimited, WrongPlatform, RegistryDown, BadCertificate, AccountNotPatched, CorruptImage, DiskFull,
		UnsupportedImage, UnsignedImage, BadImageName, NeverPulled, PullThrottled, UnknownPull,
		CrashLoop, OutOfMemory, FailingProbe, UnschedulableCPU, UnschedulableMemory, UnschedulableResource, UnschedulableTaint,
		UnschedulableAffinity, UnboundVolume, VolumeMount, MissingConfigMap, MissingSecret, MissingKey, BadConfig, InitFailure,
		OverQuota, RefusedPod, Evicted, NodeNotReady, StuckTerminating, BadRollout,
	}
}

// Fix is the kind of thing that mends it.
type Fix string

// What mends a finding.
const (
	FixRestart Fix = "restart" // a new pod: it gets what was not there when this one was made
	FixRenew   Fix = "renew"   // the workflow that makes the cluster's secrets
	FixToken   Fix = "token"   // a new value of the secret in GitHub, by a person, then the workflow
	FixFile    Fix = "file"    // the manifest
	FixOutside Fix = "outside" // an account, a node, a registry: not the team's files
	FixWait    Fix = "wait"    // it passes by itself
)

// fixes say what mends each root cause.
var fixes = map[Reason]Fix{
	NoSecret: FixRenew, LateSecret: FixRestart, WrongNamespace: FixRenew, WrongType: FixRenew, NoEntry: FixRenew, WrongToken: FixToken,
	ExpiredToken: FixToken, NotAllowed: FixOutside, MissingTag: FixFile, MissingRepository: FixFile, RateLimited: FixWait,
	WrongPlatform: FixFile, RegistryDown: FixWait, BadCertificate: FixOutside, AccountNotPatched: FixRestart, CorruptImage: FixOutside,
	DiskFull: FixOutside, UnsupportedImage: FixFile, UnsignedImage: FixOutside, BadImageName: FixFile, NeverPulled: FixFile,
	PullThrottled: FixWait, UnknownPull: FixOutside,
	CrashLoop: FixFile, OutOfMemory: FixFile, FailingProbe: FixFile, UnschedulableCPU: FixFile, UnschedulableMemory: FixFile,
	UnschedulableResource: FixFile, UnschedulableTaint: FixFile, UnschedulableAffinity: FixFile, UnboundVolume: FixFile,
	VolumeMount: FixOutside, MissingConfigMap: FixFile, MissingSecret: FixFile, MissingKey: FixFile, BadConfig: FixFile,
	InitFailure: FixFile, OverQuota: FixFile, RefusedPod: FixFile, Evicted: FixFile, NodeNotReady: FixOutside,
	StuckTerminating: FixOutside, BadRollout: FixFile,
}
