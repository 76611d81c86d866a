package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// renewal is how long before its end a certificate should have been renewed: those that are renewed by
// themselves are so a month before.
const renewal = 14 * 24 * time.Hour

// Certificate looks at the certificate that people are shown at address, a host:port. It must be for that host,
// and by somebody whom the system trusts, or roots if that is not nil.
func Certificate(address string, roots *x509.CertPool) Check {
	return Check{Name: "certificate", Run: func(ctx context.Context) Finding {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return failed("name a host and a port", "%v", err)
		}
		dialer := tls.Dialer{Config: &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return failed("see to it that "+address+" answers, with a certificate for this name by an authority that is trusted here", "%v", err)
		}
		defer conn.Close() //nolint:errcheck // nothing was sent
		secure, ok := conn.(*tls.Conn)
		if !ok || len(secure.ConnectionState().PeerCertificates) == 0 {
			return failed("see to it that "+address+" shows a certificate", "%s shows no certificate", address)
		}
		ends := secure.ConnectionState().PeerCertificates[0].NotAfter
		if left := time.Until(ends); left < renewal {
			return doubtful("renew it, and find out why that has not been done", "that of %s ends in %d days", host, int(left.Hours()/24))
		}
		return well("that of %s is good until %s", host, ends.Format(time.DateOnly))
	}}
}
