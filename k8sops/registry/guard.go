package registry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// errNotAllowed means that a request would have gone where none may go.
var errNotAllowed = errors.New("not an address that may be asked")

// mostBody bounds what is read of one answer.
const mostBody = 64 << 10

// guard lets requests of one question through to its registry and to the hosts that may issue its tokens, and to nobody
// else: a redirect or a token realm that names another host ends there, before anything was sent.
type guard struct {
	registry string // host and port
	realms   map[string]bool
	plain    bool // the endpoint is configured, and is plain
	base     http.RoundTripper
	tokens   atomic.Bool
}

func (c *Client) guardFor(host, registry string) *guard {
	if at := c.endpoints[host]; at != nil {
		return &guard{registry: at.Host, realms: c.realms, plain: at.Scheme == "http", base: c.open}
	}
	return &guard{registry: registry, realms: c.realms, base: c.guarded}
}

// RoundTrip sends a request that may be sent, and bounds its answer.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	toRegistry := r.URL.Host == g.registry
	if !toRegistry && !g.realms[strings.ToLower(r.URL.Host)] {
		return nil, fmt.Errorf("%s: %w", r.URL.Host, errNotAllowed)
	}
	if r.URL.Scheme != "https" && (!toRegistry || !g.plain) || r.URL.User != nil {
		return nil, fmt.Errorf("%s: %w", r.URL.Scheme, errNotAllowed)
	}
	answer, err := g.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.URL.Path, "/v2/") && answer.StatusCode == http.StatusOK {
		g.tokens.Store(true)
	}
	answer.Body = bounded{io.LimitReader(answer.Body, mostBody), answer.Body}
	return answer, nil
}

// authenticated tells whether a token was issued: then a 401 of the registry is no longer about the credentials.
func (g *guard) authenticated() bool { return g.tokens.Load() }

type bounded struct {
	io.Reader
	io.Closer
}

// wayOut is the way to registries. No proxy is taken from the environment: its address would be checked in place of the
// registry's.
func wayOut(control func(network, address string, _ syscall.RawConn) error) http.RoundTripper {
	dialer := &net.Dialer{Timeout: patience, Control: control}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience, ForceAttemptHTTP2: true,
		MaxIdleConns: 8, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: mostBody,
	}
}

// closed are networks that are not the internet and that netip does not name.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// publicOnly looks at the address that a connection is really made to, after every look-up of names: a name that means
// another address by now does not get past it.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", address, errNotAllowed)
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return fmt.Errorf("%s: %w", ip, errNotAllowed)
	}
	for _, p := range closed {
		if p.Contains(ip) {
			return fmt.Errorf("%s: %w", ip, errNotAllowed)
		}
	}
	return nil
}
