package diagnose

import "slices"

// rules are read in this order, and the first that fits gives the class. What the node itself decided comes first, then
// what came over the wire, then what the registry said: a 401 in front of "connection refused" is the outer layer's guess.
var rules = slices.Concat(policyRules, contentRules, wireRules, registryRules, []rule{
	worded(Hidden, `back-?off pulling image|errimagepull|imagepullbackoff`),
})

// policyRules are about what the node refuses to pull at all.
var policyRules = []rule{
	worded(Signature, `signaturevalidationfailed|source image rejected|signatures? (was|were) (required|not accepted)|none of the signatures|signature (verification|validation) (failed|error)|no (matching )?signatures? (found|exist)`),
	worded(ShortName, `short-?name|short name|unqualified-search|did not resolve to an alias`),
	worded(InvalidName, `invalid reference format|invalidimagename|(couldn't|could not|failed to|unable to) parse (image )?(reference|name)|repository name .*must be lowercase|invalid (image|repository) name|failed to apply default image tag|invalid (tag|digest) format|invalid checksum digest`),
	worded(NeverPull, `errimageneverpull|pull policy of never`),
	worded(PullQPS, `pull qps exceeded`),
}

// contentRules are about what was got and is not usable. They stand before "not found": containerd ends some of them so.
var contentRules = []rule{
	worded(NodeDiskFull, `no space left on device|disk quota exceeded|not enough (disk )?space|insufficient (disk|storage)|enospc`),
	anywhere(ProxyHTML, `media ?type:? \\?"?text/html|content-type:? \\?"?text/html|invalid character '<' looking for beginning of value|<!doctype html|<html`),
	worded(Platform, `no match for platform|no matching manifest for|no image found in (manifest list|image index)|does not match the (specified|expected|host) platform|no (suitable|matching) (manifest|image|instance) for (platform|architecture)|cannot (be used|run) on this platform|platform .* not supported|no child with platform`),
	anywhere(ManifestFormat, `prettyjws|manifest\.v1\+json\b.*(unsupported|not supported)|schema ?(version)? ?1\b.*(unsupported|not supported|no longer|deprecated|removed)|(unsupported|unexpected|unknown) (manifest )?media ?type|unsupported manifest|media type .*(not|no longer) supported|unsupported (schema|docker) ?(version)?|encountered unknown type`),
	worded(CorruptLayer, `(gzip|zlib|zstd|flate): (invalid|corrupt)|invalid tar header|archive/tar|unpigz|filesystem layer verification failed|layer verification failed|(extract|register|unpack)\w* (the )?layer.*(eof|corrupt|checksum|invalid|mismatch)|error processing tar file`),
	worded(CorruptCache, `failed size validation|failed commit on ref|unexpected commit (digest|size)|failed precondition|content digest .*not found|digest (mismatch|did not match|verification failed)|does not match (the )?digest|(manifest|layer|content|blob).*(corrupt|checksum mismatch)|error creating overlay mount|failed to (prepare extraction snapshot|get reader from content store)|snapshot .*(already exists|does not exist)`),
}

// wireRules are about the way to the registry. A name that cannot be looked up is that, however the look-up failed.
var wireRules = []rule{
	worded(HTTPvsHTTPS, `server gave http response to https client|http request to an https server|does not look like a tls handshake|wrong version number`),
	worded(HTTPvsHTTPS, `malformed http (response|status)`),
	worded(TLSName, `certificate is (not )?valid for|not valid for any names|doesn't contain any ip sans|legacy common name|certificate name does not match|hostname mismatch`),
	worded(TLSCA, `unknown authority|certificate has expired|not yet valid|self[- ]signed certificate|certificate verify failed|unable to get (local )?issuer|failed to verify certificate|unknown certificate authority|certificate is not trusted|signed by unknown|x509: `),
	worded(DNS, `no such host|dial (tcp|udp)\w*: lookup |\blookup \S+( on \S+)?: |server misbehaving|name resolution|(could not|cannot|couldn't) resolve host|name or service not known`),
	worded(NetTimeout, `tls handshake timeout`),
	worded(TLSWire, `\btls: |bad record mac|tls handshake|ssl_error|handshake failure`),
	worded(NetRefused, `connection refused|actively refused`),
	worded(NetReset, `connection reset|broken pipe|client connection lost|stream error|connection (was )?(closed|aborted)|goaway|use of closed network connection|server closed idle connection`),
	worded(NetUnreachable, `no route to host|network is unreachable|host is (down|unreachable)|network unreachable`),
	worded(RateLimitAnon, `(429|too ?many ?requests|rate ?limit|rate exceeded).*(unauthenticated|anonymous)|(unauthenticated|anonymous).*(429|too ?many ?requests|rate ?limit)`),
	worded(RateLimit, `\b429\b|too ?many ?requests|rate ?limit|rate exceeded|pull limit|quota exceeded for`),
	worded(Registry5xx, `\b50[0-9]\b|\b52[0-9]\b|internal server error|bad gateway|service (temporarily )?unavailable|gateway time-?out|registryunavailable|registry is unavailable|server is (temporarily )?(overloaded|in maintenance)`),
	worded(NetTimeout, `i/o timeout|deadline exceeded|timeout exceeded|timed? ?out|(request|waiting) .*cancell?ed|awaiting headers|context canceled`),
	worded(NetEOF, `(:|unexpected) eof\b`),
	worded(NetUnreachable, `proxyconnect|dial tcp`),
}

// registryRules are about what the registry said.
var registryRules = []rule{
	worded(BadCredsExpired, `(token|password|credentials?|secret|session|license|login) (is |has |have |was |are )?(already )?expired|expired (access )?(token|password|credentials?|secret)|expiredtoken|reauthenticate`),
	worded(ForbiddenScope, `permission_denied|does not match expected scopes|(lacks?|missing|requires?|needs?) .*\bscopes?\b`),
	worded(BadCredsScope, `insufficient scopes?\b|token .*(scope|not valid for pull)`),
	worded(NoCredsSent, `no basic auth credentials|unauthenticated request|no (valid )?credentials (were |was )?(found|provided|supplied|sent)|credentials (were )?not (found|provided|supplied)|(must|need to|have to) (be logged|log) in|not logged in`),
	worded(NoCredsSent, `anonymous`, `40[134]|unauthorized|forbidden|denied|not found|authentication`),
	worded(ForbiddenIAM, `not authorized to perform|identity-based policy|resource-based policy|does not have .*(access|permission)|permission \S+ denied|caller does not have|iam\b|accessdeniedexception|role assignment|acrpull`),
	worded(BadCreds, `(incorrect|invalid|wrong|bad|unknown) (username|user name|user|login|password|passwd|credentials?|api ?key|access token|auth(entication)? token|bearer token|token)|invalid_(token|grant|client)|authentication (failed|failure|was unsuccessful)|(login|logon) (failed|attempt)|could not authenticate|unable to (authenticate|retrieve auth token)|credentials? (is|are|were) (invalid|refused|rejected|not valid|revoked)|token (is |was |has been )?(revoked|invalid|malformed)|account (is )?(locked|disabled)`),
	worded(BadCreds, `oauth token|fetch token|auth token`, `\b401\b|unauthorized`),
	worded(DeniedOrMissing, `pull access denied|may require (authorization|'docker login'|docker login|authentication)|requested access to the resource is denied|insufficient_scope|denied: denied|authorization failed|does not exist or (you|may|is)|not found or (you|access|no|is private|requires)|no permission or .*not exist`),
	worded(Forbidden, `\b403\b|forbidden|\bdenied: |access (is |was )?denied|permission denied|not permitted|not allowed`),
	worded(TagNotFound, `manifest[ _]unknown|manifest (for \S+ )?(is )?not found|manifest .*not found|tag .*(not found|does not exist|doesn't exist|unknown)|name[ _]unknown|repository (name )?(\S+ )?(is )?(not known|not found|does not exist)|unknown (image|repository|tag|manifest)|(image|artifact|blob|repository|reference) (\S+ )?(was |is )?not found|no such (image|manifest|tag|repository)`),
	worded(Unauthorized, `\b401\b|unauthorized|unauthenticated|authentication (is )?required|not authorized|authorization required|authentication`),
	worded(TagNotFound, `not found|\b404\b|does not exist|no longer exists`),
	worded(DeniedOrMissing, `\bdenied\b`),
}
