package realtime

import "fmt"

// Error is the protocol's answer to a command that was refused. The connection goes on.
type Error struct {
	// Code is the protocol's, 100 to 399, or the application's own, 400 to 1999.
	Code uint32
	// Message is one short sentence for people.
	Message string
	// Temporary tells the client that trying again later may help.
	Temporary bool
}

// Error returns the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Message, e.Code) }

// Is reports whether target is an [*Error] of the same code, so that one with a message of its own
// still matches the sentinel below.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// The protocol's errors.
var (
	ErrInternal         = &Error{Code: 100, Message: "internal server error", Temporary: true}
	ErrUnauthorized     = &Error{Code: 101, Message: "unauthorized"}
	ErrUnknownChannel   = &Error{Code: 102, Message: "unknown channel"}
	ErrPermissionDenied = &Error{Code: 103, Message: "permission denied"}
	ErrMethodNotFound   = &Error{Code: 104, Message: "method not found"}
	// ErrAlreadySubscribed answers a second subscribe to a channel.
	ErrAlreadySubscribed = &Error{Code: 105, Message: "already subscribed"}
	ErrLimitExceeded     = &Error{Code: 106, Message: "limit exceeded"}
	ErrBadRequest        = &Error{Code: 107, Message: "bad request"}
	// ErrNotAvailable answers a command that this server, or this channel, does not offer.
	ErrNotAvailable = &Error{Code: 108, Message: "not available"}
	// ErrTokenExpired has the client fetch a new token and try again.
	ErrTokenExpired    = &Error{Code: 109, Message: "token expired"}
	ErrExpired         = &Error{Code: 110, Message: "expired"}
	ErrTooManyRequests = &Error{Code: 111, Message: "too many requests", Temporary: true}
	// ErrNotReplicated answers a publish that is done, but is not on as many replicas as its channel wants.
	ErrNotReplicated = &Error{Code: 100, Message: "published, but not on enough replicas yet: to publish again is safe under the same id alone", Temporary: true}
	// ErrUnrecoverablePosition answers a subscribe that would rather fail than begin with a hole.
	ErrUnrecoverablePosition = &Error{Code: 112, Message: "unrecoverable position"}
)

// DisconnectError ends a connection: its value is the close code. Clients come back after 3000 to
// 3499 and 4000 to 4499, and stay away after 3500 to 3999 and 4500 to 4999. Codes from 4000 on are the
// application's own.
type DisconnectError uint16

// The protocol's disconnects, and the one of WebSocket's own codes that this server sends.
//
//nolint:errname // DisconnectShutdown says what it is; ErrShutdown would not say that it disconnects
const (
	DisconnectMessageTooBig         DisconnectError = 1009
	DisconnectClosed                DisconnectError = 3000
	DisconnectShutdown              DisconnectError = 3001
	DisconnectServerError           DisconnectError = 3004
	DisconnectExpired               DisconnectError = 3005
	DisconnectSubscriptionExpired   DisconnectError = 3006
	DisconnectSlow                  DisconnectError = 3008
	DisconnectWriteError            DisconnectError = 3009
	DisconnectInsufficientState     DisconnectError = 3010
	DisconnectReconnect             DisconnectError = 3011
	DisconnectNoPong                DisconnectError = 3012
	DisconnectTooManyRequests       DisconnectError = 3013
	DisconnectStateInvalidated      DisconnectError = 3014
	DisconnectInvalidToken          DisconnectError = 3500
	DisconnectBadRequest            DisconnectError = 3501
	DisconnectStale                 DisconnectError = 3502
	DisconnectForced                DisconnectError = 3503
	DisconnectLimit                 DisconnectError = 3504
	DisconnectChannelLimit          DisconnectError = 3505
	DisconnectInappropriateProtocol DisconnectError = 3506
	DisconnectDenied                DisconnectError = 3507
	DisconnectNotAvailable          DisconnectError = 3508
	DisconnectTooManyErrors         DisconnectError = 3509
)

// reconnects reports whether clients come back after it.
func (d DisconnectError) reconnects() bool {
	return d < 3500 || d >= 4000 && d < 4500 || d >= 5000
}

// Error returns the reason that goes into the close frame.
func (d DisconnectError) Error() string {
	switch d {
	case DisconnectMessageTooBig:
		return "message too big"
	case DisconnectClosed:
		return "connection closed"
	case DisconnectShutdown:
		return "shutdown"
	case DisconnectServerError:
		return "internal server error"
	case DisconnectExpired:
		return "connection expired"
	case DisconnectSubscriptionExpired:
		return "subscription expired"
	case DisconnectSlow:
		return "slow"
	case DisconnectWriteError:
		return "write error"
	case DisconnectInsufficientState:
		return "insufficient state"
	case DisconnectReconnect:
		return "force reconnect"
	case DisconnectNoPong:
		return "no pong"
	case DisconnectTooManyRequests:
		return "too many requests"
	case DisconnectStateInvalidated:
		return "state invalidated"
	case DisconnectInvalidToken:
		return "invalid token"
	case DisconnectBadRequest:
		return "bad request"
	case DisconnectStale:
		return "stale"
	case DisconnectForced:
		return "force disconnect"
	case DisconnectLimit:
		return "connection limit"
	case DisconnectChannelLimit:
		return "channel limit"
	case DisconnectInappropriateProtocol:
		return "inappropriate protocol: text messages and data are JSON, or else it is protobuf"
	case DisconnectDenied:
		return "permission denied"
	case DisconnectNotAvailable:
		return "not available"
	case DisconnectTooManyErrors:
		return "too many errors"
	default:
		return "disconnected"
	}
}
