// Package jwks keeps the public keys that an issuer of tokens publishes at a URL, as a JSON Web Key Set
// (RFC 7517, section 5).
//
// The URL is the operator's, never a token's. What is read from it is bounded in size, time, redirects
// and keys. A token can make a [Set] ask again, by naming a key that it does not know, but not more
// often than every [MinInterval], however many tokens there are.
package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// MaxAge is how long keys are believed before the issuer is asked whether they still are its own.
	MaxAge = 10 * time.Minute
	// MaxStale is how long they are believed while the issuer cannot be reached.
	MaxStale = 24 * time.Hour
	// MinInterval is how long the issuer is left alone after it was asked.
	MinInterval = 15 * time.Second
	// FetchTimeout is how long an answer may take: less than a client waits for its connect.
	FetchTimeout = 4 * time.Second
	// MaxBytes is the longest answer that is read: a key with its certificates has a few thousand.
	MaxBytes = 256 << 10

	maxRedirects = 3
)

// Errors that callers branch on.
var (
	// ErrUnknownKey is returned for a key that the issuer does not publish.
	ErrUnknownKey = errors.New("the issuer publishes no such key")
	// ErrUnavailable is returned while nobody knows whether it does: it could not be asked, or was asked
	// too recently to be asked again. Trying again may help.
	ErrUnavailable = errors.New("the issuer's keys are not known just now")
)

// Options are what a [Set] can do without.
type Options struct {
	// Transport carries the requests. Nil is one of its own, with the environment's proxy.
	Transport http.RoundTripper
	// Now tells the time. Nil means time.Now.
	Now func() time.Time
	// Logger hears of an issuer that cannot be asked. Nil discards.
	Logger *slog.Logger
}

// Set is one issuer's keys. Safe for concurrent use: those who miss the same thing at once ask once.
type Set struct {
	url    string
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	flight singleflight.Group

	mu   sync.Mutex
	keys map[string]Key
	// fetched is when keys were read, tried when that was last attempted.
	fetched, tried time.Time
}

// New returns a set that reads from a URL once it is needed. The URL is https, or http to this machine:
// what is read decides whose tokens are good.
func New(address string, options Options) (*Set, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || !safe(u) {
		return nil, fmt.Errorf("%q is no URL for a key set: it is like https://login.example.com/jwks.json; http is for this machine alone", address)
	}
	if options.Transport == nil {
		options.Transport = http.DefaultTransport
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	client := &http.Client{Transport: options.Transport, CheckRedirect: redirect, Timeout: FetchTimeout}
	return &Set{url: address, client: client, now: options.Now, log: options.Logger}, nil
}

// safe is true where nobody between can change the answer.
func safe(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

// redirect follows few redirects, and none to another host: a key set must not be a way to reach what
// only this server can.
func redirect(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	if len(before) > maxRedirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return fmt.Errorf("redirected to %s: only %d redirects, and only on the same host", next.URL.Redacted(), maxRedirects)
	}
	return nil
}

// Key returns the key of that id, or [ErrUnknownKey], or [ErrUnavailable]. It asks the issuer where it
// must.
func (s *Set) Key(ctx context.Context, id string) (Key, error) {
	key, known, age := s.look(id)
	if known && age < MaxAge {
		return key, nil
	}
	_, err, _ := s.flight.Do("", func() (any, error) { return nil, s.refresh(ctx) })
	switch fresh, still, age := s.look(id); {
	case still && age < MaxStale:
		return fresh, nil
	case err != nil:
		return Key{}, err
	default:
		return Key{}, ErrUnknownKey
	}
}

// look returns a key without asking, and how old the knowledge is.
func (s *Set) look(id string) (key Key, known bool, age time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, known = s.keys[id]
	return key, known, s.now().Sub(s.fetched)
}

// refresh asks the issuer, unless that has just been done. Its error is [ErrUnavailable].
func (s *Set) refresh(ctx context.Context) error {
	s.mu.Lock()
	now := s.now()
	early := !s.tried.IsZero() && now.Sub(s.tried) < MinInterval
	if !early {
		s.tried = now
	}
	s.mu.Unlock()
	if early {
		return ErrUnavailable
	}
	// Others wait for it, too: it does not end with the one who began it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FetchTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)
	if err != nil {
		s.log.Warn("key set not read", "url", s.url, "error", err)
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.fetched = keys, now
	return nil
}

func (s *Set) fetch(ctx context.Context) (map[string]Key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("read key set %s: %w", s.url, err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read key set %s: answered with status %d", s.url, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read key set %s: %w", s.url, err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("read key set %s: more than %d bytes", s.url, MaxBytes)
	}
	keys, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read key set %s: %w", s.url, err)
	}
	return keys, nil
}
