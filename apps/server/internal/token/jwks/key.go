package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxKeys is the most that a set may hold: an issuer has one or two, and a few that are going.
	maxKeys = 100
	// RSA keys below are forged, those above take long to check a signature with.
	minRSABits, maxRSABits = 2048, 8192
)

// Key is a public key, and what it may check.
type Key struct {
	// Public is an [*rsa.PublicKey], [*ecdsa.PublicKey] or [ed25519.PublicKey].
	Public crypto.PublicKey
	// Algorithms are the names of the signature algorithms (RFC 7518, 3.1; RFC 8037, 3.1) that the
	// key is for, and no other.
	Algorithms []string
}

// Parse reads a key set. Keys that can check no signature are left out: those of other kinds or uses,
// weak ones, those without an id, and secrets, which have no place in what is public. It returns an
// error for what is no set, and for one without a key to check anything with.
func Parse(data []byte) (map[string]Key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("no JSON Web Key Set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the set has %d keys, the most is %d", len(set.Keys), maxKeys)
	}
	keys := make(map[string]Key, len(set.Keys))
	for _, raw := range set.Keys {
		id, key, ok := parseKey(raw)
		if _, twice := keys[id]; ok && !twice {
			keys[id] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no key that checks signatures")
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (id string, key Key, ok bool) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(raw); err != nil || jwk.KeyID == "" || jwk.Use != "" && jwk.Use != "sig" {
		return "", Key{}, false
	}
	key, err := NewKey(jwk.Key)
	if err != nil {
		return "", Key{}, false
	}
	if jwk.Algorithm != "" {
		key, ok = key.only(jwk.Algorithm)
		return jwk.KeyID, key, ok
	}
	return jwk.KeyID, key, true
}

// NewKey returns a public key with the algorithms of its kind, or an error for any other kind of key, and
// for one that is weak. Each elliptic curve has its one algorithm.
func NewKey(public crypto.PublicKey) (Key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return Key{}, fmt.Errorf("an RSA key of %d bits: it must have %d to %d", bits, minRSABits, maxRSABits)
		}
		return Key{k, []string{"RS256", "RS384", "RS512"}}, nil
	case *ecdsa.PublicKey:
		algorithms := map[elliptic.Curve]string{
			elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512",
		}
		if algorithm, ok := algorithms[k.Curve]; ok {
			return Key{k, []string{algorithm}}, nil
		}
		return Key{}, fmt.Errorf("an ECDSA key on the curve %s: it must be P-256, P-384 or P-521", k.Params().Name)
	case ed25519.PublicKey:
		return Key{k, []string{"EdDSA"}}, nil
	default:
		return Key{}, fmt.Errorf("a key of type %T: it must be a public key of RSA, ECDSA or Ed25519", public)
	}
}

// Checks is true when the key is for signatures of that algorithm.
func (k Key) Checks(algorithm string) bool {
	_, ok := k.only(algorithm)
	return ok
}

// only narrows the key to one of its algorithms.
func (k Key) only(algorithm string) (Key, bool) {
	for _, a := range k.Algorithms {
		if a == algorithm {
			return Key{k.Public, []string{a}}, true
		}
	}
	return Key{}, false
}
