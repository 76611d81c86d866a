// Package api is what an application's back ends ask of a deployment over HTTP: publish to channels,
// subscribe and disconnect users, read presence and history. Requests and answers are those of
// Centrifugo's server API, so that its client libraries work.
//
// Whoever has the key may do everything, so the API has a listener of its own, on this machine unless the
// operator says otherwise, and without a key there is none. What concerns connections is carried out on
// every server of the deployment (package control), and an answer says so when one did not take part.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"magpie.build/apps/server/internal/control"
	"magpie.build/apps/server/internal/namespace"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/apps/server/internal/revocation"
	"magpie.build/packages/pubsub"
)

// Bounds of a request.
const (
	// MinKey is the shortest key in bytes.
	MinKey = 16
	// maxBody holds a batch of large publications.
	maxBody = 8 << 20
	// maxCommands is how many commands a batch, and how many channels a broadcast may have.
	maxCommands = 1000
	// maxHistory is how many publications one answer holds: an application reads on from its last.
	maxHistory = 1000
	// commandTime is how long one command may take.
	commandTime = 5 * time.Second
	// surveyTime is how long all servers have to answer.
	surveyTime = 3 * time.Second
)

// Nodes asks all servers of a deployment. A [control.Nodes] is one.
type Nodes interface {
	Offer(name string, topic control.Topic)
	AskAll(ctx context.Context, topic string, question []byte) (control.Survey, error)
	Self() string
}

// Offerer says what a channel offers to a client that the application wants in it.
type Offerer interface {
	Offer(ctx context.Context, client realtime.Client, channel string) (realtime.SubscribeReply, error)
}

// Revoker calls tokens back. A [revocation.List] is one.
type Revoker interface {
	Revoke(ctx context.Context, rule revocation.Rule) error
}

// Options are what an [API] is made of. All but Logger and the two about this server are required.
type Options struct {
	// Key is the secret that requests come with, at least [MinKey] bytes.
	Key        string
	Hub        *realtime.Hub
	Nodes      Nodes
	Namespaces *namespace.Set
	Access     Offerer
	Revoker    Revoker
	// Name and Version are what this server says of itself.
	Name, Version string
	// Logger hears of commands that went wrong by the server's fault. Nil discards.
	Logger *slog.Logger
}

// API answers back ends. Safe for concurrent use.
type API struct {
	Options

	key     [sha256.Size]byte
	started time.Time
}

// New returns an API, or an error for a key that is too short. It comes before the nodes run, as other servers
// ask this one through it.
func New(options Options) (*API, error) {
	if len(options.Key) < MinKey {
		return nil, fmt.Errorf("the key of the API has %d bytes, but at least %d are needed", len(options.Key), MinKey)
	}
	a := Serve(options)
	a.key = sha256.Sum256([]byte(options.Key))
	return a, nil
}

// Serve returns an API that answers the other servers alone: one without a key carries out what is asked of
// those that have one.
func Serve(options Options) *API {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{Options: options, started: time.Now()}
	options.Nodes.Offer(topic, a.carryOut)
	return a
}

// Handler answers POST /api/<method>, /api/batch, and /api with commands one after another, each with a
// method and params.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/batch", a.batch)
	mux.HandleFunc("POST /api/{method}", a.one)
	mux.HandleFunc("POST /api", a.many)
	return a.authorized(mux)
}

// authorized lets through who has the key.
func (a *API) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		given := r.Header.Get("X-API-Key")
		if scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && given == "" && strings.EqualFold(scheme, "apikey") {
			given = strings.TrimSpace(key)
		}
		// Hashes are of one length, so the time says nothing of the key.
		if sum := sha256.Sum256([]byte(given)); a.Key == "" || subtle.ConstantTimeCompare(sum[:], a.key[:]) != 1 {
			http.Error(w, "the key is missing or wrong: send it as X-API-Key", http.StatusUnauthorized)
			return
		}
		if r.Header.Get("Content-Encoding") != "" {
			http.Error(w, "the body must not be compressed", http.StatusUnsupportedMediaType)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// Error is what a back end is told of a command that went wrong.
type Error struct {
	Code    uint32 `json:"code"`
	Message string `json:"message"`
}

// Error returns the message and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// badRequest is an error about what was asked.
func badRequest(format string, a ...any) *Error {
	return &Error{Code: realtime.ErrBadRequest.Code, Message: fmt.Sprintf(format, a...)}
}

func notAvailable(what string) *Error {
	return &Error{Code: realtime.ErrNotAvailable.Code, Message: what}
}

// answerTo is the one table from errors to what back ends are told.
func (a *API) answerTo(method string, err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if of, ok := errors.AsType[*realtime.Error](err); ok {
		return &Error{of.Code, of.Message}
	}
	switch {
	case errors.Is(err, namespace.ErrUnknown):
		return &Error{realtime.ErrUnknownChannel.Code, realtime.ErrUnknownChannel.Message}
	case errors.Is(err, namespace.ErrName), errors.Is(err, pubsub.ErrInvalidChannel),
		errors.Is(err, pubsub.ErrTooLarge), errors.Is(err, pubsub.ErrInvalidOptions), errors.Is(err, revocation.ErrRule):
		return badRequest("%v", err)
	case errors.Is(err, pubsub.ErrUnrecoverable):
		return &Error{realtime.ErrUnrecoverablePosition.Code, realtime.ErrUnrecoverablePosition.Message}
	case errors.Is(err, pubsub.ErrNotReplicated):
		return &Error{realtime.ErrNotReplicated.Code, realtime.ErrNotReplicated.Message}
	}
	a.Logger.Error("API command went wrong", "method", method, "error", err)
	return &Error{realtime.ErrInternal.Code, realtime.ErrInternal.Message}
}
