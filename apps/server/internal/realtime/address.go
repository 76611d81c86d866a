package realtime

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddress is where a request comes from: the connection's other end, or, if that is a trusted proxy,
// who the proxy says it speaks for. X-Forwarded-For is read from its end, as everything before the first
// address that is no trusted proxy's may be the client's own invention. It is the zero address when nobody can
// tell, such as behind a Unix socket.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(address, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
	}
	return address
}

// remoteAddress is clientAddress as text: with its port where nobody speaks for the client.
func remoteAddress(r *http.Request, trusted []netip.Prefix) string {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !isTrusted(peer.Addr().Unmap(), trusted) {
		return r.RemoteAddr
	}
	return clientAddress(r, trusted).String()
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// household is what counts as one address: of IPv6 the network of a household, which has as many addresses as
// it likes.
func household(address netip.Addr) netip.Addr {
	if !address.Is6() {
		return address
	}
	prefix, err := address.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.Addr()
}
