// Package token believes connection and subscription tokens that an application signs for its users:
// JSON Web Tokens (RFC 7519) with the claims of Centrifugo, so that its back ends need not change.
//
// A [Verifier] has keys of its own, or finds an issuer's where that publishes them (package jwks). Which
// keys may check a token is the operator's word: the token's "iss" chooses among configured issuers and
// no more, and a key checks the algorithms of its own kind, never those that a token would rather have.
//
// What a token says of its user is in [Connection] and [Subscription]. The package knows neither the
// wire nor what a channel offers.
package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"magpie.build/apps/server/internal/token/jwks"
)

const (
	// MinKey is the shortest shared secret in bytes: as long as the shortest hash that it feeds
	// (RFC 7518, 3.2).
	MinKey = 32
	// maxToken is the longest token that is looked at. Claims name channels, so it is generous; a
	// command may be longer.
	maxToken = 16 << 10
	// leeway is how far the clocks of who signs and who checks may differ.
	leeway = 5 * time.Second
)

// Errors that callers branch on.
var (
	// ErrInvalid is the one answer to a token that is malformed, forged, for somebody else or not a
	// token of the kind that was asked for.
	ErrInvalid = errors.New("the token is not valid")
	// ErrExpired is returned for a token that was good, and is over.
	ErrExpired = errors.New("the token is over")
	// ErrUnavailable is returned while the keys of a token's issuer cannot be had: trying again may help.
	ErrUnavailable = errors.New("the token cannot be checked just now")
	// ErrRevoked is returned for a token that would be good, but was called back.
	ErrRevoked = errors.New("the token was revoked")
)

// Options say whose tokens are good. The zero value believes nobody.
type Options struct {
	// HMACKeys are shared secrets of at least [MinKey] bytes: the current one and, while it is being
	// replaced, the one before.
	HMACKeys [][]byte
	// PublicKeys are PEM blocks of public keys: RSA from 2048 bits, ECDSA on P-256, P-384 and P-521, and
	// Ed25519.
	PublicKeys []byte
	// Issuer and Audience are what tokens that the keys above check must say in "iss" and "aud". Empty
	// does not ask.
	Issuer, Audience string
	// Issuers publish their keys. A token of theirs is checked by those, and by no others.
	Issuers []Issuer
	// Revoked says whether a token was called back. Nil revokes none. It is called by many at once.
	Revoked func(Credential) bool

	// Transport carries requests for key sets. Nil is the usual one.
	Transport http.RoundTripper
	// Now tells the time. Nil means time.Now.
	Now func() time.Time
	// Logger hears of key sets that cannot be read. Nil discards.
	Logger *slog.Logger
}

// Issuer is somebody who signs tokens with keys that it publishes.
type Issuer struct {
	// Name is what its tokens say in "iss".
	Name string
	// Audience is one of those in "aud": without it, a token that the issuer made for any other
	// application would be good here. Required.
	Audience string
	// KeySetURL is where its keys are.
	KeySetURL string
}

// Credential is what a token is known by when it is revoked.
type Credential struct {
	// ID is the token's "jti", User its "sub"; either may be empty.
	ID, User string
	// IssuedAt is its "iat", the zero time where it has none.
	IssuedAt time.Time
	// Channel is that of a subscription token, empty for a connection token.
	Channel string
}

// Verifier believes tokens. Safe for concurrent use.
type Verifier struct {
	options Options
	hmac    jwt.VerificationKeySet
	public  []jwks.Key
	issuers map[string]issuer
	parser  *jwt.Parser
}

type issuer struct {
	Issuer

	keys *jwks.Set
}

// algorithms are all that any key may check. "none" is not among them.
var algorithms = []string{
	"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA",
}

// New returns a verifier, or an error that says which key or issuer is not right; it quotes no key.
func New(options Options) (*Verifier, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Revoked == nil {
		options.Revoked = func(Credential) bool { return false }
	}
	v := &Verifier{options: options, issuers: map[string]issuer{}}
	v.parser = jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithLeeway(leeway), jwt.WithTimeFunc(options.Now), jwt.WithStrictDecoding())
	for _, key := range options.HMACKeys {
		if len(key) < MinKey {
			return nil, fmt.Errorf("a token key has %d bytes, but at least %d are needed: try openssl rand -base64 32", len(key), MinKey)
		}
		v.hmac.Keys = append(v.hmac.Keys, key)
	}
	var err error
	if v.public, err = parsePEM(options.PublicKeys); err != nil {
		return nil, err
	}
	for _, i := range options.Issuers {
		if err := v.add(i); err != nil {
			return nil, fmt.Errorf("token issuer %q: %w", i.Name, err)
		}
	}
	return v, nil
}

func (v *Verifier) add(i Issuer) error {
	_, twice := v.issuers[i.Name]
	switch {
	case i.Name == "":
		return errors.New(`it needs the name that its tokens have in "iss"`)
	case twice:
		return errors.New("it is there twice")
	case i.Audience == "":
		return errors.New(`it needs an audience: without one, its tokens for other applications would be good here`)
	}
	keys, err := jwks.New(i.KeySetURL, jwks.Options{Transport: v.options.Transport, Now: v.options.Now, Logger: v.options.Logger})
	if err != nil {
		return err
	}
	v.issuers[i.Name] = issuer{i, keys}
	return nil
}

// Enabled is false for a verifier that believes nobody.
func (v *Verifier) Enabled() bool {
	return len(v.hmac.Keys)+len(v.public)+len(v.issuers) > 0
}

// check fills claims from a token that is good. It returns [ErrInvalid], [ErrExpired] or
// [ErrUnavailable].
func (v *Verifier) check(ctx context.Context, token string, claims registered) error {
	if token == "" || len(token) > maxToken {
		return ErrInvalid
	}
	parsed, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) { return v.keysFor(ctx, t, claims) })
	// The library reports claims only of a token whose signature is good.
	expired := errors.Is(err, jwt.ErrTokenExpired) && parsed != nil && !errors.Is(err, jwt.ErrTokenNotValidYet)
	switch {
	case errors.Is(err, jwks.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil && !expired:
		return ErrInvalid
	}
	r := claims.standard()
	if issuer, audience := v.expected(r.Issuer); issuer != "" && r.Issuer != issuer || audience != "" && !slices.Contains(r.Audience, audience) {
		return ErrInvalid
	}
	if expired {
		return ErrExpired
	}
	return nil
}

// expected is what a token's "iss" and "aud" must say.
func (v *Verifier) expected(name string) (issuer, audience string) {
	if i, ok := v.issuers[name]; ok {
		return i.Name, i.Audience
	}
	return v.options.Issuer, v.options.Audience
}
