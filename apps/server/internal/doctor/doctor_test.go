package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie.build/apps/server/internal/doctor"
)

func TestEachFindingSaysWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	whole := func(string) error { return nil }
	damaged := func(string) error { return errors.New("history is damaged") }
	alive := listen(t)
	foreign := listen(t)
	alive.serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	foreign.serve(t, http.NotFoundHandler())

	for name, test := range map[string]struct {
		check doctor.Check
		level doctor.Level
		text  string
	}{
		"free port":             {doctor.Port("ADDR", "127.0.0.1:0", "127.0.0.1:0"), doctor.Well, "free"},
		"port of another":       {doctor.Port("ADDR", foreign.address, foreign.address), doctor.Failed, "in use"},
		"port of ours":          {doctor.Port("ADDR", alive.address, alive.address), doctor.Well, "alive"},
		"folder":                {doctor.Folder("DATA_DIR", t.TempDir(), whole), doctor.Well, "can be written to"},
		"folder to be made":     {doctor.Folder("DATA_DIR", filepath.Join(t.TempDir(), "a", "b"), whole), doctor.Well, "can be written to"},
		"file for a folder":     {doctor.Folder("DATA_DIR", file, whole), doctor.Failed, file},
		"damaged history":       {doctor.Folder("DATA_DIR", t.TempDir(), damaged), doctor.Failed, "damaged"},
		"few connections":       {doctor.Descriptors(1), doctor.Well, "enough"},
		"very many connections": {doctor.Descriptors(1 << 40), doctor.Doubtful, "MAX_CONNECTIONS is"},
	} {
		t.Run(name, func(t *testing.T) {
			found := test.check.Run(t.Context())
			if found.Level != test.level || !strings.Contains(found.Text, test.text) {
				t.Errorf("found %v %q, want %v and %q", found.Level, found.Text, test.level, test.text)
			}
			if (found.Level == doctor.Well) != (found.Remedy == "") {
				t.Errorf("%v has the remedy %q", found.Level, found.Remedy)
			}
		})
	}
}

func TestCertificatesAreLookedAt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		host    string
		days    int
		trusted bool
		level   doctor.Level
		text    string
	}{
		"good":             {"127.0.0.1", 90, true, doctor.Well, "good until"},
		"soon to end":      {"127.0.0.1", 5, true, doctor.Doubtful, "ends in 4 days"},
		"ended":            {"127.0.0.1", -1, true, doctor.Failed, "expired"},
		"another name's":   {"localhost", 90, true, doctor.Failed, "localhost"},
		"nobody's we know": {"127.0.0.1", 90, false, doctor.Failed, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t)
			certificate, roots := certify(t, time.Duration(test.days)*24*time.Hour)
			l.Listener = tls.NewListener(l.Listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
			l.serve(t, http.NotFoundHandler())
			if !test.trusted {
				roots = x509.NewCertPool()
			}
			_, port, err := net.SplitHostPort(l.address)
			if err != nil {
				t.Fatal(err)
			}
			found := doctor.Certificate(net.JoinHostPort(test.host, port), roots).Run(t.Context())
			if found.Level != test.level || !strings.Contains(found.Text, test.text) {
				t.Errorf("found %v %q, want %v and %q", found.Level, found.Text, test.level, test.text)
			}
		})
	}
}

func TestARunEndsWithACount(t *testing.T) {
	t.Parallel()
	check := func(level doctor.Level) doctor.Check {
		return doctor.Check{Name: "one", Run: func(context.Context) doctor.Finding {
			return doctor.Finding{Level: level, Text: "text", Remedy: "remedy"}
		}}
	}
	var out strings.Builder
	healthy, err := doctor.Run(t.Context(), &out, []doctor.Check{check(doctor.Well), check(doctor.Doubtful)})
	if err != nil || !healthy || !strings.HasSuffix(out.String(), "2 checks: 1 ok, 1 warning, 0 failed\n") || !strings.Contains(out.String(), "hint: remedy") {
		t.Errorf("a doubt: %v, %v\n%s", healthy, err, &out)
	}
	if healthy, err := doctor.Run(t.Context(), &out, []doctor.Check{check(doctor.Failed)}); err != nil || healthy {
		t.Errorf("a failure: %v, %v", healthy, err)
	}
}

// listener serves until the test ends.
type listener struct {
	net.Listener

	address string
}

func listen(t *testing.T) *listener {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &listener{l, l.Addr().String()}
}

func (l *listener) serve(t *testing.T, handler http.Handler) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	_ = s.Listener.Close()
	s.Listener = l.Listener
	s.Start()
	t.Cleanup(s.Close)
}

// certify makes a certificate of 127.0.0.1 that ends after so long.
func certify(t *testing.T, ends time.Duration) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-100 * 24 * time.Hour),
		NotAfter:     time.Now().Add(ends),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
