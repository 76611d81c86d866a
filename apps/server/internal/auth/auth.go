// Package auth says who is calling: it makes users of display names, and signs and checks the two
// proofs by which they are known again.
//
// A session lives for weeks in a browser's cookie, a token for minutes in the hands of a client
// library. Both are JSON Web Tokens (RFC 7519) signed with HMAC-SHA256, told apart by their
// audience, so that neither stands for the other. Nothing is stored: whoever holds the key can
// check a proof, so all servers of a deployment share one, see [SharedKey].
//
// Begin with [NewSigner] and [NewUser]. The package knows neither HTTP nor what a user may do.
package auth

import (
	"crypto/rand"
	"errors"
)

// User is somebody who chose a display name. The zero User is nobody.
type User struct {
	// ID is random, unique and the same for as long as the session lasts.
	ID string
	// Name is what others see. It is not unique.
	Name string
}

// ErrUnauthenticated is the one answer to a proof that is absent, malformed, forged or expired.
var ErrUnauthenticated = errors.New("nobody is signed in")

// ErrExpired is returned, wrapped together with [ErrUnauthenticated], for a proof that was ours
// and is over: a client library then asks for a fresh one.
var ErrExpired = errors.New("the token is over")

// NewUser makes a user with a fresh id. It returns a [*NameError] for a name that cannot be shown.
func NewUser(name string) (User, error) {
	name, err := CleanName(name)
	if err != nil {
		return User{}, err
	}
	return User{ID: rand.Text(), Name: name}, nil
}
