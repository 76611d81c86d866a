package jwks_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"magpie.build/apps/server/internal/token/jwks"
)

func edKey(tb testing.TB) ed25519.PublicKey {
	tb.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return public
}

func setOf(tb testing.TB, keys ...jose.JSONWebKey) []byte {
	tb.Helper()
	data, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// issuer publishes whatever answer holds, and counts who asks.
type issuer struct {
	*httptest.Server

	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		(*i.answer.Load())(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) says(h http.HandlerFunc) { i.answer.Store(&h) }

func (i *issuer) publishes(data []byte) {
	i.says(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
}

// clock is a time that tests move.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time       { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) pass(d time.Duration) { c.nanoseconds.Add(int64(d)) }
func (i *issuer) count() int          { return int(i.asked.Load()) }

func newSet(t *testing.T, i *issuer, c *clock) *jwks.Set {
	t.Helper()
	set, err := jwks.New(i.URL, jwks.Options{Transport: i.Client().Transport, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestKeysAreReadOnceAndThenRemembered(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publishes(setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "a"}))
	set := newSet(t, i, c)
	var everybody sync.WaitGroup
	for range 50 {
		everybody.Go(func() {
			if _, err := set.Key(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	everybody.Wait()
	if n := i.count(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	c.pass(jwks.MaxAge)
	if _, err := set.Key(t.Context(), "a"); err != nil || i.count() != 2 {
		t.Errorf("after a while: asked %d times, %v", i.count(), err)
	}
}

func TestUnknownKeysAskNoMoreOftenThanTheyMay(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publishes(setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "a"}))
	set := newSet(t, i, c)
	if _, err := set.Key(t.Context(), "b"); !errors.Is(err, jwks.ErrUnknownKey) {
		t.Errorf("the first: %v", err)
	}
	for n := range 100 {
		if _, err := set.Key(t.Context(), fmt.Sprint("c", n)); !errors.Is(err, jwks.ErrUnavailable) {
			t.Errorf("one of many: %v", err)
		}
	}
	if n := i.count(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	// A key that is new is found as soon as the issuer may be asked again.
	i.publishes(setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "b"}))
	c.pass(jwks.MinInterval)
	if _, err := set.Key(t.Context(), "b"); err != nil || i.count() != 2 {
		t.Errorf("a new key: %v", err)
	}
	// One that the issuer took back is no longer good.
	if _, err := set.Key(t.Context(), "a"); err == nil {
		t.Error("a key that was taken back is good")
	}
}

func TestKeysOutliveAnIssuerThatIsDownButNotForEver(t *testing.T) {
	i, c := newIssuer(t), newClock()
	i.publishes(setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "a"}))
	set := newSet(t, i, c)
	if _, err := set.Key(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	i.says(http.NotFound)
	c.pass(jwks.MaxStale - time.Second)
	if _, err := set.Key(t.Context(), "a"); err != nil {
		t.Errorf("while it is down: %v", err)
	}
	c.pass(jwks.MinInterval)
	if _, err := set.Key(t.Context(), "a"); !errors.Is(err, jwks.ErrUnavailable) {
		t.Errorf("after a day: %v", err)
	}
}

func TestAnswersThatAreNoKeySetAreBounded(t *testing.T) {
	other := newIssuer(t)
	other.publishes(setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "a"}))
	good := setOf(t, jose.JSONWebKey{Key: edKey(t), KeyID: "a"})
	for name, answer := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write(good)
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			// More than what is read and what sockets hold.
			if n := writeForEver(w); n > 64<<20 {
				t.Errorf("%d bytes were read", n)
			}
		},
		"a set and endless spaces": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(good)
			_, _ = w.Write(bytes.Repeat([]byte(" "), jwks.MaxBytes))
		},
		"a redirect away":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"a redirect to HTTP": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://"+r.Host, http.StatusFound) },
		"redirects for ever": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) },
		"a page":             func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"deep":               func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("[", 200_000))) },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.says(answer)
			if _, err := newSet(t, i, newClock()).Key(t.Context(), "a"); !errors.Is(err, jwks.ErrUnavailable) {
				t.Errorf("got %v", err)
			}
		})
	}
	if other.count() != 0 {
		t.Error("another host was asked")
	}
}

// writeForEver writes until nobody reads, and returns how much.
func writeForEver(w http.ResponseWriter) (written int) {
	for {
		n, err := w.Write(make([]byte, 64<<10))
		if written += n; err != nil {
			return written
		}
	}
}

// silence is an issuer that never answers.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestSilentIssuerIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, err := jwks.New("https://login.example/jwks.json", jwks.Options{Transport: silence{}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := set.Key(t.Context(), "a"); !errors.Is(err, jwks.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > jwks.FetchTimeout {
			t.Errorf("waited for %s", took)
		}
	})
}

func TestOnlyKeysThatCheckSignaturesAreTaken(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := edKey(t)
	keys, err := jwks.Parse(setOf(t,
		jose.JSONWebKey{Key: first, KeyID: "good"},
		jose.JSONWebKey{Key: edKey(t), KeyID: "good"},
		jose.JSONWebKey{Key: edKey(t)},
		jose.JSONWebKey{Key: edKey(t), KeyID: "encryption", Use: "enc"},
		jose.JSONWebKey{Key: edKey(t), KeyID: "another algorithm", Algorithm: "RS256"},
		jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "weak"},
		jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: "secret"},
		jose.JSONWebKey{Key: private, KeyID: "private"},
		jose.JSONWebKey{Key: &p256.PublicKey, KeyID: "curve", Algorithm: "ES256"},
	))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || !keys["good"].Checks("EdDSA") || keys["good"].Checks("HS256") || !keys["curve"].Checks("ES256") {
		t.Errorf("taken: %v", keys)
	}
	if got, ok := keys["good"].Public.(ed25519.PublicKey); !ok || !got.Equal(first) {
		t.Error("a later key took the place of one with its id")
	}
	for name, data := range map[string]string{
		"nothing": "", "no object": "[]", "no keys": `{"keys":[]}`, "none that is good": `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"},1,null]}`,
		"too many": `{"keys":[` + strings.Repeat("1,", 200) + `1]}`,
	} {
		if keys, err := jwks.Parse([]byte(data)); err == nil {
			t.Errorf("%s: taken as %v", name, keys)
		}
	}
}

func TestAddressesOfKeySets(t *testing.T) {
	for address, good := range map[string]bool{
		"https://login.example/jwks.json": true,
		"http://127.0.0.1:8000/jwks.json": true,
		"http://localhost/jwks.json":      true,
		"http://[::1]/jwks.json":          true,
		"http://login.example/jwks.json":  false,
		"http://localhost.evil.example/":  false,
		"https://a:b@login.example/":      false,
		"file:///etc/passwd":              false,
		"https:///jwks.json":              false,
		"":                                false,
	} {
		if _, err := jwks.New(address, jwks.Options{}); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(setOf(f, jose.JSONWebKey{Key: edKey(f), KeyID: "a"}, jose.JSONWebKey{Key: &rsaKey.PublicKey, KeyID: "b", Use: "sig"}))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"},{"kty":"RSA","kid":"b","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":""},{"kty":"oct","kid":"c","k":"AAAA","x5c":["AA"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := jwks.Parse(data)
		if err == nil && len(keys) == 0 {
			t.Error("a set without keys is none")
		}
		for id, key := range keys {
			if id == "" || len(key.Algorithms) == 0 || key.Checks("HS256") || key.Checks("none") {
				t.Errorf("key %q is for %v", id, key.Algorithms)
			}
		}
	})
}
