package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Connection is what a connection token says.
type Connection struct {
	Credential

	// Info is shown to others. JSON or nil.
	Info json.RawMessage
	// Meta is the application's own, and shown to no client. JSON or nil.
	Meta json.RawMessage
	// ExpireAt is when the connection ends unless it is refreshed; the zero time is never.
	ExpireAt time.Time
	// Subscriptions are channels that the server subscribes the connection to, by name.
	Subscriptions map[string]SubscriptionOptions
}

// Subscription is what a subscription token says.
type Subscription struct {
	Credential
	SubscriptionOptions

	// Client is the only connection that the token is for; empty is any of the user's.
	Client string
	// ExpireAt is when the subscription ends unless it is refreshed; the zero time is never.
	ExpireAt time.Time
}

// SubscriptionOptions are what a token says of a subscription.
type SubscriptionOptions struct {
	// Info is shown to others in the channel, Data is handed to the client. JSON or nil.
	Info, Data json.RawMessage
	// Override is where the subscription differs from its channel's namespace.
	Override Override
}

// Override changes single options of a channel for one subscription. Nil leaves an option as it is.
type Override struct {
	Presence, JoinLeave, Recovery, Positioning *bool
}

// Connection returns what a connection token says, or [ErrInvalid], [ErrExpired],
// [ErrRevoked] or [ErrUnavailable].
func (v *Verifier) Connection(ctx context.Context, token string) (Connection, error) {
	var c connectionClaims
	if err := v.check(ctx, token, &c); err != nil {
		return Connection{}, err
	}
	out := Connection{
		Credential:    c.credential(""),
		Meta:          c.Meta,
		ExpireAt:      expiry(c.ExpireAt, c.ExpiresAt),
		Subscriptions: map[string]SubscriptionOptions{},
	}
	var err error
	if out.Info, err = either(c.Info, c.Base64Info); err != nil {
		return Connection{}, ErrInvalid
	}
	for _, channel := range c.Channels {
		out.Subscriptions[channel] = SubscriptionOptions{}
	}
	for channel, claims := range c.Subs {
		if out.Subscriptions[channel], err = claims.options(); err != nil {
			return Connection{}, ErrInvalid
		}
	}
	switch {
	case c.Channel != "":
		return Connection{}, ErrInvalid // a subscription token opens no connection
	case v.options.Revoked(out.Credential):
		return Connection{}, ErrRevoked
	}
	return out, nil
}

// Subscription returns what a subscription token says, or [ErrInvalid], [ErrExpired],
// [ErrRevoked] or [ErrUnavailable]. Whether it is for this user, channel and client is the caller's to compare.
func (v *Verifier) Subscription(ctx context.Context, token string) (Subscription, error) {
	var c subscriptionClaims
	if err := v.check(ctx, token, &c); err != nil {
		return Subscription{}, err
	}
	options, err := c.options()
	if err != nil || c.Channel == "" {
		return Subscription{}, ErrInvalid // a connection token opens no channel
	}
	out := Subscription{
		Credential:          c.credential(c.Channel),
		SubscriptionOptions: options,
		Client:              c.Client,
		ExpireAt:            expiry(c.ExpireAt, c.ExpiresAt),
	}
	if v.options.Revoked(out.Credential) {
		return Subscription{}, ErrRevoked
	}
	return out, nil
}

// registered are claims that hold the standard ones.
type registered interface {
	jwt.Claims
	standard() *standardClaims
}

// standardClaims are those of RFC 7519, section 4.1.
type standardClaims struct{ jwt.RegisteredClaims }

func (c *standardClaims) standard() *standardClaims { return c }

func (c *standardClaims) credential(channel string) Credential {
	out := Credential{ID: c.ID, User: c.Subject, Channel: channel}
	if c.IssuedAt != nil {
		out.IssuedAt = c.IssuedAt.Time
	}
	return out
}

type connectionClaims struct {
	standardClaims

	ExpireAt   *int64                   `json:"expire_at"`
	Info       json.RawMessage          `json:"info"`
	Base64Info string                   `json:"b64info"`
	Meta       json.RawMessage          `json:"meta"`
	Channels   []string                 `json:"channels"`
	Subs       map[string]optionsClaims `json:"subs"`
	Channel    string                   `json:"channel"`
}

type subscriptionClaims struct {
	standardClaims
	optionsClaims

	Channel  string `json:"channel"`
	Client   string `json:"client"`
	ExpireAt *int64 `json:"expire_at"`
}

type optionsClaims struct {
	Info       json.RawMessage `json:"info"`
	Base64Info string          `json:"b64info"`
	Data       json.RawMessage `json:"data"`
	Base64Data string          `json:"b64data"`
	Override   struct {
		Presence    *switchClaim `json:"presence"`
		JoinLeave   *switchClaim `json:"join_leave"`
		Recovery    *switchClaim `json:"force_recovery"`
		Positioning *switchClaim `json:"force_positioning"`
	} `json:"override"`
}

// switchClaim is how the claims say yes or no, so that saying nothing is a third.
type switchClaim struct {
	Value bool `json:"value"`
}

func (s *switchClaim) pointer() *bool {
	if s == nil {
		return nil
	}
	return &s.Value
}

func (c *optionsClaims) options() (SubscriptionOptions, error) {
	info, err := either(c.Info, c.Base64Info)
	if err != nil {
		return SubscriptionOptions{}, err
	}
	data, err := either(c.Data, c.Base64Data)
	if err != nil {
		return SubscriptionOptions{}, err
	}
	return SubscriptionOptions{Info: info, Data: data, Override: Override{
		Presence:    c.Override.Presence.pointer(),
		JoinLeave:   c.Override.JoinLeave.pointer(),
		Recovery:    c.Override.Recovery.pointer(),
		Positioning: c.Override.Positioning.pointer(),
	}}, nil
}

// either is a JSON value that may be given in base 64 instead. What is encoded so must be JSON, too: this
// server hands it to clients that read JSON.
func either(plain json.RawMessage, encoded string) (json.RawMessage, error) {
	if encoded == "" {
		if string(plain) == "null" {
			return nil, nil
		}
		return plain, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !json.Valid(decoded) {
		return nil, ErrInvalid
	}
	return decoded, nil
}

// expiry is when what a token opens ends: with the token, unless it says otherwise; at 0, never.
func expiry(own *int64, token *jwt.NumericDate) time.Time {
	switch {
	case own != nil && *own > 0:
		return time.Unix(*own, 0)
	case own != nil || token == nil:
		return time.Time{}
	default:
		return token.Time
	}
}
