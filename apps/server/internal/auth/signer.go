package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// MinKey is the shortest signing key in bytes: as long as the hash it feeds (RFC 7518, 3.2).
	MinKey = 32
	// SessionTTL is how long a browser stays signed in.
	SessionTTL = 90 * 24 * time.Hour
	// TokenTTL is how long a client library may connect with one token.
	TokenTTL = 10 * time.Minute

	issuer = "magpie"
	// maxProof bounds what is parsed: the longest name in the widest script stays far below.
	maxProof = 2048
)

// audience keeps a session from being used as a token, and the other way round.
type audience string

const (
	session audience = "session"
	token   audience = "connection"
)

// Signer signs proofs and believes no others. It is safe for concurrent use.
type Signer struct {
	key   []byte
	keyID string
	now   func() time.Time
}

// Options are what a [Signer] can do without.
type Options struct {
	// Now tells the time. Nil means time.Now.
	Now func() time.Time
}

// NewSigner returns a signer for the key, or an error when the key is shorter than [MinKey].
func NewSigner(key []byte, options Options) (*Signer, error) {
	if len(key) < MinKey {
		return nil, fmt.Errorf("the signing key has %d bytes, but at least %d are needed", len(key), MinKey)
	}
	now := options.Now
	if now == nil {
		now = time.Now
	}
	sum := sha256.Sum256(append([]byte("magpie key id "), key...))
	return &Signer{key: key, keyID: hex.EncodeToString(sum[:4]), now: now}, nil
}

// Session returns a proof for a browser's cookie, good for [SessionTTL].
func (s *Signer) Session(user User) (string, error) { return s.sign(user, session, SessionTTL) }

// Token returns a proof for a client library, good for [TokenTTL].
func (s *Signer) Token(user User) (string, error) { return s.sign(user, token, TokenTTL) }

// CheckSession returns whose session it is, or [ErrUnauthenticated].
func (s *Signer) CheckSession(proof string) (User, error) {
	user, _, err := s.check(proof, session)
	return user, err
}

// CheckToken returns whose token it is and when it ends, or [ErrUnauthenticated].
func (s *Signer) CheckToken(proof string) (User, time.Time, error) { return s.check(proof, token) }

type claims struct {
	jwt.RegisteredClaims

	Name string `json:"name"`
}

func (s *Signer) sign(user User, to audience, ttl time.Duration) (string, error) {
	now := s.now()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{string(to)},
			Subject:   user.ID,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(ttl)),
		},
		Name: user.Name,
	})
	unsigned.Header["kid"] = s.keyID
	proof, err := unsigned.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign a %s: %w", to, err)
	}
	return proof, nil
}

func (s *Signer) check(proof string, to audience) (User, time.Time, error) {
	if proof == "" || len(proof) > maxProof {
		return User{}, time.Time{}, ErrUnauthenticated
	}
	var c claims
	_, err := jwt.ParseWithClaims(proof, &c, s.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(string(to)),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(s.now))
	switch {
	case err != nil && onlyExpired(err):
		return User{}, time.Time{}, fmt.Errorf("%w: %w", ErrUnauthenticated, ErrExpired)
	case err != nil || c.Subject == "":
		return User{}, time.Time{}, ErrUnauthenticated
	}
	return User{ID: c.Subject, Name: c.Name}, c.ExpiresAt.Time, nil
}

// onlyExpired is true when nothing but its age speaks against a proof. The library reports claims
// only of a proof whose signature is good.
func onlyExpired(err error) bool {
	return errors.Is(err, jwt.ErrTokenExpired) &&
		!errors.Is(err, jwt.ErrTokenInvalidAudience) && !errors.Is(err, jwt.ErrTokenInvalidIssuer)
}

func (s *Signer) keyOf(t *jwt.Token) (any, error) {
	if t.Header["kid"] != s.keyID {
		return nil, ErrUnauthenticated
	}
	return s.key, nil
}
