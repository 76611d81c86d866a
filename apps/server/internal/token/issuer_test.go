package token_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"magpie.build/apps/server/internal/token"
)

// publish serves a key set over TLS and returns its address.
func publish(t *testing.T, id string, s signer) (string, http.RoundTripper) {
	t.Helper()
	return publishKey(t, jose.JSONWebKey{Key: s.private.Public(), KeyID: id, Use: "sig"})
}

// publishKey is publish for a key that says more of itself.
func publishKey(t *testing.T, key jose.JSONWebKey) (string, http.RoundTripper) {
	t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	t.Cleanup(server.Close)
	return server.URL, server.Client().Transport
}

func TestIssuersAreKeptApart(t *testing.T) {
	one, two := edSigner(t), edSigner(t)
	urlOne, transport := publish(t, "same-id", one)
	urlTwo, _ := publish(t, "same-id", two)
	v := verifier(t, token.Options{
		HMACKeys: [][]byte{secret}, Transport: transport,
		Issuers: []token.Issuer{{Name: "one", Audience: "chat", KeySetURL: urlOne}, {Name: "two", Audience: "chat", KeySetURL: urlTwo}},
	})
	of := func(s signer, more ...any) string {
		return sign(t, jwt.SigningMethodEdDSA, s.private, claims(append([]any{"aud", "chat"}, more...)...), "kid", "same-id")
	}
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"the first's":             {of(one, "iss", "one"), nil},
		"the second's":            {of(two, "iss", "two"), nil},
		"the second's as first's": {of(two, "iss", "one"), token.ErrInvalid},
		"the first's as second's": {of(one, "iss", "two"), token.ErrInvalid},
		"nobody's":                {of(one), token.ErrInvalid},
		"a stranger's":            {of(one, "iss", "https://evil.example"), token.ErrInvalid},
		"for another application": {of(one, "iss", "one", "aud", "mail"), token.ErrInvalid},
		"of an unknown key":       {sign(t, jwt.SigningMethodEdDSA, one.private, claims("iss", "one", "aud", "chat"), "kid", "other"), token.ErrUnavailable}, // asked just before
		"without a key's id":      {sign(t, jwt.SigningMethodEdDSA, one.private, claims("iss", "one", "aud", "chat")), token.ErrUnavailable},
		"by the shared secret":    {sign(t, jwt.SigningMethodHS256, secret, claims("iss", "one", "aud", "chat"), "kid", "same-id"), token.ErrInvalid},
	} {
		// So that both sets have been read.
		for _, warm := range []string{of(one, "iss", "one"), of(two, "iss", "two")} {
			if _, err := v.Connection(t.Context(), warm); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := v.Connection(t.Context(), c.token); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestIssuersKeyChecksItsOwnAlgorithmAlone(t *testing.T) {
	key := rsaSigner(t, 2048)
	url, transport := publishKey(t, jose.JSONWebKey{Key: key.private.Public(), KeyID: "a", Use: "sig", Algorithm: "RS256"})
	v := verifier(t, token.Options{Transport: transport, Issuers: []token.Issuer{{Name: "one", Audience: "chat", KeySetURL: url}}})
	for method, want := range map[jwt.SigningMethod]error{jwt.SigningMethodRS256: nil, jwt.SigningMethodRS512: token.ErrInvalid} {
		_, err := v.Connection(t.Context(), sign(t, method, key.private, claims("iss", "one", "aud", "chat"), "kid", "a"))
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", method.Alg(), err, want)
		}
	}
}

func TestIssuerThatCannotBeAskedIsNoVerdict(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	v := verifier(t, token.Options{
		Transport: server.Client().Transport,
		Issuers:   []token.Issuer{{Name: "one", Audience: "chat", KeySetURL: server.URL}},
	})
	signed := sign(t, jwt.SigningMethodEdDSA, edSigner(t).private, claims("iss", "one", "aud", "chat"), "kid", "k")
	if _, err := v.Connection(t.Context(), signed); !errors.Is(err, token.ErrUnavailable) || errors.Is(err, token.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
