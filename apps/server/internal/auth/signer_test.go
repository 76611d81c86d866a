package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"magpie.build/apps/server/internal/auth"
)

var ada = auth.User{ID: "u1", Name: "Ada"}

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newSigner(t *testing.T, key string) (*auth.Signer, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	signer, err := auth.NewSigner([]byte(key), auth.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	return signer, c
}

var key = strings.Repeat("k", auth.MinKey)

func TestSessionNamesItsUserUntilItEnds(t *testing.T) {
	signer, clock := newSigner(t, key)
	proof, err := signer.Session(ada)
	if err != nil {
		t.Fatal(err)
	}
	clock.now = clock.now.Add(auth.SessionTTL - time.Second)
	if user, err := signer.CheckSession(proof); err != nil || user != ada {
		t.Errorf("just before the end: %v, %v", user, err)
	}
	clock.now = clock.now.Add(2 * time.Second)
	if _, err := signer.CheckSession(proof); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("after the end: %v", err)
	}
}

func TestTokenTellsThatItWasOursAndIsOver(t *testing.T) {
	signer, clock := newSigner(t, key)
	token, err := signer.Token(ada)
	if err != nil {
		t.Fatal(err)
	}
	user, expires, err := signer.CheckToken(token)
	if err != nil || user != ada || !expires.Equal(clock.now.Add(auth.TokenTTL)) {
		t.Errorf("fresh token: %v, %v, %v", user, expires, err)
	}
	clock.now = clock.now.Add(auth.TokenTTL + time.Second)
	if _, _, err := signer.CheckToken(token); !errors.Is(err, auth.ErrExpired) || !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("old token: %v", err)
	}
}

func TestProofsThatAreNotOursAreOneAnswer(t *testing.T) {
	signer, clock := newSigner(t, key)
	other, _ := newSigner(t, strings.Repeat("x", auth.MinKey))
	session, err := signer.Session(ada)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Session(ada)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Token(ada)
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{"iss": "magpie", "aud": "session", "sub": "u1", "exp": clock.now.Add(time.Hour).Unix()}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	otherAlgorithm, err := jwt.NewWithClaims(jwt.SigningMethodHS512, claims).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(session, ".")

	for name, proof := range map[string]string{
		"absent":            "",
		"no token at all":   "hello",
		"too long":          strings.Repeat("a.", 5000),
		"another key":       foreign,
		"another audience":  token,
		"no signature":      unsigned,
		"another algorithm": otherAlgorithm,
		"changed claims":    parts[0] + "." + strings.ToUpper(parts[1]) + "." + parts[2],
		"cut":               session[:len(session)-4],
	} {
		if user, err := signer.CheckSession(proof); !errors.Is(err, auth.ErrUnauthenticated) || user != (auth.User{}) {
			t.Errorf("%s: %v, %v", name, user, err)
		}
	}
}

func TestShortKeyIsRefused(t *testing.T) {
	if _, err := auth.NewSigner(make([]byte, auth.MinKey-1), auth.Options{}); err == nil {
		t.Error("a short key was taken")
	}
}

func FuzzCheckSessionBelievesNothingForeign(f *testing.F) {
	signer, err := auth.NewSigner([]byte(key), auth.Options{})
	if err != nil {
		f.Fatal(err)
	}
	other, err := auth.NewSigner([]byte(strings.Repeat("x", auth.MinKey)), auth.Options{})
	if err != nil {
		f.Fatal(err)
	}
	foreign, err := other.Session(ada)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(foreign)
	f.Add("a.b.c")
	f.Add("")
	f.Fuzz(func(t *testing.T, proof string) {
		if user, err := signer.CheckSession(proof); err == nil {
			t.Errorf("believed %q to be %v", proof, user)
		}
	})
}
