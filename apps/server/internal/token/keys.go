package token

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"magpie.build/apps/server/internal/token/jwks"
)

// maxPublicKeys bounds how many signatures one forged token can have checked.
const maxPublicKeys = 16

// parsePEM reads public keys, and the keys of certificates.
func parsePEM(data []byte) ([]jwks.Key, error) {
	var keys []jwks.Key
	rest := data
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		key, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("public key %d of the token keys: %w", len(keys)+1, err)
		}
		keys = append(keys, key)
	}
	switch {
	case len(keys) == 0 && len(data) > 0:
		return nil, errors.New("the public token keys hold no PEM block; one begins with -----BEGIN PUBLIC KEY-----")
	case len(keys) > maxPublicKeys:
		return nil, fmt.Errorf("there are %d public token keys, the most is %d", len(keys), maxPublicKeys)
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (jwks.Key, error) {
	switch {
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return jwks.Key{}, errors.New("it is a private key: this server checks tokens and must not be able to make them")
	case block.Type == "CERTIFICATE":
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return jwks.Key{}, fmt.Errorf("a certificate that cannot be read: %w", err)
		}
		return jwks.NewKey(certificate.PublicKey)
	case block.Type == "RSA PUBLIC KEY":
		key, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return jwks.Key{}, fmt.Errorf("an RSA key that cannot be read: %w", err)
		}
		return jwks.NewKey(key)
	default:
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return jwks.Key{}, fmt.Errorf("a %s that cannot be read: %w", block.Type, err)
		}
		return jwks.NewKey(key)
	}
}

// keysFor returns the keys that may check a token. Its issuer is not believed yet: it only chooses
// between keys that are all the operator's choice.
func (v *Verifier) keysFor(ctx context.Context, t *jwt.Token, claims registered) (any, error) {
	algorithm := t.Method.Alg()
	if i, ok := v.issuers[claims.standard().Issuer]; ok {
		id, _ := t.Header["kid"].(string)
		key, err := i.keys.Key(ctx, id)
		if err != nil {
			return nil, err
		}
		if !key.Checks(algorithm) {
			return nil, fmt.Errorf("the issuer's key %q is not for %s", id, algorithm)
		}
		return key.Public, nil
	}
	if strings.HasPrefix(algorithm, "HS") {
		return v.hmac, nil
	}
	var set jwt.VerificationKeySet
	for _, key := range v.public {
		if key.Checks(algorithm) {
			set.Keys = append(set.Keys, key.Public)
		}
	}
	return set, nil
}
