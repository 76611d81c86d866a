package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"magpie.build/apps/server/internal/token"
)

var (
	now    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	secret = []byte(strings.Repeat("k", token.MinKey))
)

// signer is a private key, and its public half as PEM.
type signer struct {
	private crypto.Signer
	pem     []byte
}

func newSigner(tb testing.TB, private crypto.Signer, err error) signer {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return signer{private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
}

func rsaSigner(tb testing.TB, bits int) signer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	return newSigner(tb, key, err)
}

func ecdsaSigner(tb testing.TB, curve elliptic.Curve) signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	return newSigner(tb, key, err)
}

func edSigner(tb testing.TB) signer {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return newSigner(tb, key, err)
}

func verifier(tb testing.TB, options token.Options) *token.Verifier {
	tb.Helper()
	options.Now = func() time.Time { return now }
	v, err := token.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func sign(tb testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, header ...string) string {
	tb.Helper()
	unsigned := jwt.NewWithClaims(method, claims)
	for i := 0; i+1 < len(header); i += 2 {
		unsigned.Header[header[i]] = header[i+1]
	}
	signed, err := unsigned.SignedString(key)
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func claims(more ...any) jwt.MapClaims {
	c := jwt.MapClaims{"sub": "ada", "exp": now.Add(time.Hour).Unix()}
	for i := 0; i+1 < len(more); i += 2 {
		name, _ := more[i].(string)
		c[name] = more[i+1]
	}
	return c
}

func TestEveryAlgorithmIsCheckedByTheKeyOfItsKind(t *testing.T) {
	rsaKey, p256, p384, p521, ed := rsaSigner(t, 2048), ecdsaSigner(t, elliptic.P256()), ecdsaSigner(t, elliptic.P384()), ecdsaSigner(t, elliptic.P521()), edSigner(t)
	var all []byte
	for _, s := range []signer{rsaKey, p256, p384, p521, ed} {
		all = append(all, s.pem...)
	}
	v := verifier(t, token.Options{HMACKeys: [][]byte{secret}, PublicKeys: all})
	for _, c := range []struct {
		method jwt.SigningMethod
		key    any
	}{
		{jwt.SigningMethodHS256, secret},
		{jwt.SigningMethodHS384, secret},
		{jwt.SigningMethodHS512, secret},
		{jwt.SigningMethodRS256, rsaKey.private},
		{jwt.SigningMethodRS384, rsaKey.private},
		{jwt.SigningMethodRS512, rsaKey.private},
		{jwt.SigningMethodES256, p256.private},
		{jwt.SigningMethodES384, p384.private},
		{jwt.SigningMethodES512, p521.private},
		{jwt.SigningMethodEdDSA, ed.private},
	} {
		t.Run(c.method.Alg(), func(t *testing.T) {
			good := sign(t, c.method, c.key, claims())
			got, err := v.Connection(t.Context(), good)
			if err != nil || got.User != "ada" || !got.ExpireAt.Equal(now.Add(time.Hour)) {
				t.Errorf("got %+v, %v", got, err)
			}
			// The same token as another key of the same kind would have signed it.
			parts := strings.Split(good, ".")
			for name, forged := range map[string]string{
				"no signature":      parts[0] + "." + parts[1] + ".",
				"cut signature":     good[:len(good)-4],
				"another's payload": parts[0] + "." + strings.Split(sign(t, c.method, c.key, claims("sub", "eve")), ".")[1] + "." + parts[2],
			} {
				if _, err := v.Connection(t.Context(), forged); !errors.Is(err, token.ErrInvalid) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestAlgorithmsAreNotConfused(t *testing.T) {
	rsaKey, other, p256, p384 := rsaSigner(t, 2048), rsaSigner(t, 2048), ecdsaSigner(t, elliptic.P256()), ecdsaSigner(t, elliptic.P384())
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims()).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	publicOnly := verifier(t, token.Options{PublicKeys: append(append([]byte{}, rsaKey.pem...), p384.pem...)})
	everything := verifier(t, token.Options{HMACKeys: [][]byte{secret}, PublicKeys: append(append([]byte{}, rsaKey.pem...), p384.pem...)})
	for name, forged := range map[string]string{
		"none":                           none,
		"None":                           strings.Replace(none, strings.Split(none, ".")[0], "eyJhbGciOiJOb25lIn0", 1),
		"HMAC keyed with the public PEM": sign(t, jwt.SigningMethodHS256, rsaKey.pem, claims()),
		"HMAC keyed with nothing":        sign(t, jwt.SigningMethodHS256, []byte{}, claims()),
		"a key of another curve":         sign(t, jwt.SigningMethodES256, p256.private, claims()),
		"ES512 by a key of P-384":        signByCurve(t, jwt.SigningMethodES512, p384, claims()),
		"RSA by another key":             sign(t, jwt.SigningMethodRS256, other.private, claims()),
		"RSA-PSS, which nobody allowed":  sign(t, jwt.SigningMethodPS256, rsaKey.private, claims()),
		"a key in the header":            sign(t, jwt.SigningMethodRS256, other.private, claims(), "jku", "https://evil.example/jwks.json", "kid", "../../etc/passwd"),
	} {
		for which, v := range map[string]*token.Verifier{"public keys": publicOnly, "all keys": everything} {
			if got, err := v.Connection(t.Context(), forged); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("%s against %s: believed %+v, %v", name, which, got, err)
			}
		}
	}
}

// signByCurve signs by a key whose curve is smaller than the algorithm's, which the library does not do.
func signByCurve(t *testing.T, method *jwt.SigningMethodECDSA, s signer, claims jwt.MapClaims) string {
	t.Helper()
	key, ok := s.private.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("not a key of a curve")
	}
	text, err := jwt.NewWithClaims(method, claims).SigningString()
	if err != nil {
		t.Fatal(err)
	}
	hash := method.Hash.New()
	hash.Write([]byte(text))
	r, q, err := ecdsa.Sign(rand.Reader, key, hash.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, method.KeySize)), q.FillBytes(make([]byte, method.KeySize))...)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestClaimsDecide(t *testing.T) {
	v := verifier(t, token.Options{HMACKeys: [][]byte{secret}, Issuer: "app", Audience: "chat"})
	good := func(more ...any) jwt.MapClaims { return claims(append([]any{"iss", "app", "aud", "chat"}, more...)...) }
	without := func(name string) jwt.MapClaims { c := good(); delete(c, name); return c }
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   error
	}{
		"good":                             {good(), nil},
		"one of several audiences":         {good("aud", []string{"other", "chat"}), nil},
		"no expiry":                        {without("exp"), nil},
		"anonymous":                        {without("sub"), nil},
		"over":                             {good("exp", now.Add(-time.Minute).Unix()), token.ErrExpired},
		"over within the clocks' leeway":   {good("exp", now.Add(-2*time.Second).Unix()), nil},
		"over and for somebody else":       {good("exp", now.Add(-time.Minute).Unix(), "aud", "other"), token.ErrInvalid},
		"over and not yet":                 {good("exp", now.Add(-time.Minute).Unix(), "nbf", now.Add(time.Minute).Unix()), token.ErrInvalid},
		"not yet":                          {good("nbf", now.Add(time.Minute).Unix()), token.ErrInvalid},
		"another issuer":                   {good("iss", "other"), token.ErrInvalid},
		"no issuer":                        {without("iss"), token.ErrInvalid},
		"another audience":                 {good("aud", "other"), token.ErrInvalid},
		"no audience":                      {without("aud"), token.ErrInvalid},
		"a subscription token":             {good("channel", "news"), token.ErrInvalid},
		"info that is no JSON":             {good("b64info", "bm90IGpzb24="), token.ErrInvalid},
		"a subject that is no text":        {good("sub", 42), token.ErrInvalid},
		"an expiry that is no number":      {good("exp", "tomorrow"), token.ErrInvalid},
		"channels that are no list":        {good("channels", "news"), token.ErrInvalid},
		"a subscription's data in base 64": {good("subs", map[string]any{"news": map[string]any{"b64data": "%"}}), token.ErrInvalid},
	} {
		_, err := v.Connection(t.Context(), sign(t, jwt.SigningMethodHS256, secret, c.claims))
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestConnectionTokenSaysAllThatItsUserIs(t *testing.T) {
	v := verifier(t, token.Options{HMACKeys: [][]byte{secret}})
	got, err := v.Connection(t.Context(), sign(t, jwt.SigningMethodHS256, secret, claims(
		"jti", "t1", "iat", now.Unix(), "info", map[string]string{"name": "Ada"}, "meta", map[string]int{"plan": 2},
		"expire_at", 0, "channels", []string{"news"},
		"subs", map[string]any{"jobs": map[string]any{
			"info": 1, "b64data": "eyJhIjoxfQ==",
			"override": map[string]any{"presence": map[string]bool{"value": false}, "force_recovery": map[string]bool{"value": true}},
		}},
	)))
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "t1" || !got.IssuedAt.Equal(now) || string(got.Info) != `{"name":"Ada"}` || string(got.Meta) != `{"plan":2}` || !got.ExpireAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	jobs := got.Subscriptions["jobs"]
	if _, ok := got.Subscriptions["news"]; !ok || string(jobs.Info) != "1" || string(jobs.Data) != `{"a":1}` {
		t.Errorf("subscriptions %+v", got.Subscriptions)
	}
	if o := jobs.Override; o.Presence == nil || *o.Presence || o.Recovery == nil || !*o.Recovery || o.JoinLeave != nil || o.Positioning != nil {
		t.Errorf("override %+v", o)
	}
}

func TestSubscriptionTokenNamesItsChannel(t *testing.T) {
	v := verifier(t, token.Options{HMACKeys: [][]byte{secret}})
	got, err := v.Subscription(t.Context(), sign(t, jwt.SigningMethodHS256, secret, claims(
		"channel", "news", "client", "c1", "info", "x", "expire_at", now.Add(time.Minute).Unix())))
	if err != nil || got.User != "ada" || got.Channel != "news" || got.Client != "c1" || string(got.Info) != `"x"` || !got.ExpireAt.Equal(now.Add(time.Minute)) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := v.Subscription(t.Context(), sign(t, jwt.SigningMethodHS256, secret, claims())); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a connection token opens a channel: %v", err)
	}
}

func TestReplacedKeyIsGoodUntilItIsGone(t *testing.T) {
	old := []byte(strings.Repeat("o", token.MinKey))
	of := sign(t, jwt.SigningMethodHS256, old, claims())
	if _, err := verifier(t, token.Options{HMACKeys: [][]byte{secret, old}}).Connection(t.Context(), of); err != nil {
		t.Errorf("while both keys are there: %v", err)
	}
	if _, err := verifier(t, token.Options{HMACKeys: [][]byte{secret}}).Connection(t.Context(), of); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("once it is gone: %v", err)
	}
}

func TestRevokedTokenIsRefused(t *testing.T) {
	v := verifier(t, token.Options{HMACKeys: [][]byte{secret}, Revoked: func(c token.Credential) bool {
		return c.ID == "stolen" || c.User == "eve" && c.IssuedAt.Before(now) && c.Channel != "open"
	}})
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   error
	}{
		"by its id":              {claims("jti", "stolen"), token.ErrRevoked},
		"by its user":            {claims("sub", "eve", "iat", now.Add(-time.Minute).Unix()), token.ErrRevoked},
		"by its user, untimed":   {claims("sub", "eve"), token.ErrRevoked},
		"issued since":           {claims("sub", "eve", "iat", now.Unix()), nil},
		"somebody else's":        {claims("jti", "kept"), nil},
		"a channel of the rest":  {claims("sub", "eve", "channel", "news"), token.ErrRevoked},
		"a channel that is open": {claims("sub", "eve", "channel", "open"), nil},
	} {
		signed := sign(t, jwt.SigningMethodHS256, secret, c.claims)
		_, err := v.Connection(t.Context(), signed)
		if c.claims["channel"] != nil {
			_, err = v.Subscription(t.Context(), signed)
		}
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestNobodyIsBelievedWithoutKeys(t *testing.T) {
	v := verifier(t, token.Options{})
	if v.Enabled() {
		t.Error("enabled without a key")
	}
	if _, err := v.Connection(t.Context(), sign(t, jwt.SigningMethodHS256, []byte{}, claims())); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestKeysThatAreNotSafeAreRefused(t *testing.T) {
	weak := rsaSigner(t, 1024)
	p224 := ecdsaSigner(t, elliptic.P224())
	private, err := x509.MarshalPKCS8PrivateKey(edSigner(t).private)
	if err != nil {
		t.Fatal(err)
	}
	issuer := token.Issuer{Name: "https://login.example", Audience: "chat", KeySetURL: "https://login.example/jwks.json"}
	with := func(change func(*token.Issuer)) []token.Issuer { i := issuer; change(&i); return []token.Issuer{i} }
	for name, options := range map[string]token.Options{
		"a short secret":             {HMACKeys: [][]byte{secret[1:]}},
		"a weak RSA key":             {PublicKeys: weak.pem},
		"a curve without algorithm":  {PublicKeys: p224.pem},
		"a private key":              {PublicKeys: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})},
		"no PEM at all":              {PublicKeys: []byte("ssh-ed25519 AAAA")},
		"PEM with something else":    {PublicKeys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")})},
		"an issuer without a name":   {Issuers: with(func(i *token.Issuer) { i.Name = "" })},
		"an issuer without audience": {Issuers: with(func(i *token.Issuer) { i.Audience = "" })},
		"an issuer over plain HTTP":  {Issuers: with(func(i *token.Issuer) { i.KeySetURL = "http://login.example/jwks.json" })},
		"an issuer with a password":  {Issuers: with(func(i *token.Issuer) { i.KeySetURL = "https://me:word@login.example/jwks.json" })},
		"one issuer twice":           {Issuers: []token.Issuer{issuer, issuer}},
	} {
		if _, err := token.New(options); err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), string(secret[1:])) {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func FuzzTokenBelievesNothingForeign(f *testing.F) {
	ed := edSigner(f)
	v := verifier(f, token.Options{HMACKeys: [][]byte{secret}, PublicKeys: ed.pem})
	f.Add(sign(f, jwt.SigningMethodHS256, []byte(strings.Repeat("x", 32)), claims()))
	f.Add(sign(f, jwt.SigningMethodEdDSA, edSigner(f).private, claims("channel", "news")))
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.")
	f.Add("a.b.c")
	f.Add("")
	f.Fuzz(func(t *testing.T, foreign string) {
		if got, err := v.Connection(t.Context(), foreign); err == nil {
			t.Errorf("believed %q to be %+v", foreign, got)
		}
		if got, err := v.Subscription(t.Context(), foreign); err == nil {
			t.Errorf("believed %q to be %+v", foreign, got)
		}
	})
}

// Claims of a token that is signed well are still foreign: they end in a connection or in an error.
func FuzzClaims(f *testing.F) {
	v := verifier(f, token.Options{HMACKeys: [][]byte{secret}})
	f.Add(`{"sub":"ada","exp":1e300,"info":{"name":"Ada"}}`)
	f.Add(`{"channel":"news","override":{"presence":{"value":true}},"expire_at":-1}`)
	f.Add(`{"subs":{"a":{"b64info":"e30="}},"channels":[""],"aud":["a",1]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, rawClaims(payload)).SignedString(secret)
		if err != nil {
			t.Skip("no JSON")
		}
		connection, errConnection := v.Connection(t.Context(), signed)
		_, errSubscription := v.Subscription(t.Context(), signed)
		if errConnection == nil && errSubscription == nil {
			t.Errorf("%q is a token for both: %+v", payload, connection)
		}
	})
}

// rawClaims are claims in whatever form.
type rawClaims string

func (c rawClaims) MarshalJSON() ([]byte, error)                      { return []byte(c), nil }
func (rawClaims) GetExpirationTime() (*jwt.NumericDate, error)        { return nil, nil }
func (rawClaims) GetIssuedAt() (*jwt.NumericDate, error)              { return nil, nil }
func (rawClaims) GetNotBefore() (*jwt.NumericDate, error)             { return nil, nil }
func (rawClaims) GetIssuer() (string, error)                          { return "", nil }
func (rawClaims) GetSubject() (string, error)                         { return "", nil }
func (rawClaims) GetAudience() (audience jwt.ClaimStrings, err error) { return nil, nil }
