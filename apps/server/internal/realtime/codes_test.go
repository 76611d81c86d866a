package realtime

import (
	"fmt"
	"testing"
)

// TestCodesAreTheReferences holds the numbers, words and consequences that the protocol's clients know.
func TestCodesAreTheReferences(t *testing.T) {
	for want, err := range map[string]*Error{
		"100 internal server error true":   ErrInternal,
		"101 unauthorized false":           ErrUnauthorized,
		"102 unknown channel false":        ErrUnknownChannel,
		"103 permission denied false":      ErrPermissionDenied,
		"104 method not found false":       ErrMethodNotFound,
		"105 already subscribed false":     ErrAlreadySubscribed,
		"106 limit exceeded false":         ErrLimitExceeded,
		"107 bad request false":            ErrBadRequest,
		"108 not available false":          ErrNotAvailable,
		"109 token expired false":          ErrTokenExpired,
		"110 expired false":                ErrExpired,
		"111 too many requests true":       ErrTooManyRequests,
		"112 unrecoverable position false": ErrUnrecoverablePosition,
	} {
		if got := fmt.Sprintf("%d %s %t", err.Code, err.Message, err.Temporary); got != want {
			t.Errorf("%s and not %s", got, want)
		}
	}
	// Clients stay away after 3500 to 3999 and 4500 to 4999, and after the WebSocket's own codes come back.
	for want, reason := range map[string]DisconnectError{
		"1009 message too big true":       DisconnectMessageTooBig,
		"3000 connection closed true":     DisconnectClosed,
		"3001 shutdown true":              DisconnectShutdown,
		"3004 internal server error true": DisconnectServerError,
		"3005 connection expired true":    DisconnectExpired,
		"3006 subscription expired true":  DisconnectSubscriptionExpired,
		"3008 slow true":                  DisconnectSlow,
		"3009 write error true":           DisconnectWriteError,
		"3010 insufficient state true":    DisconnectInsufficientState,
		"3011 force reconnect true":       DisconnectReconnect,
		"3012 no pong true":               DisconnectNoPong,
		"3013 too many requests true":     DisconnectTooManyRequests,
		"3014 state invalidated true":     DisconnectStateInvalidated,
		"3500 invalid token false":        DisconnectInvalidToken,
		"3501 bad request false":          DisconnectBadRequest,
		"3502 stale false":                DisconnectStale,
		"3503 force disconnect false":     DisconnectForced,
		"3504 connection limit false":     DisconnectLimit,
		"3505 channel limit false":        DisconnectChannelLimit,
		"3506 inappropriate protocol: text messages and data are JSON, or else it is protobuf false": DisconnectInappropriateProtocol,
		"3507 permission denied false": DisconnectDenied,
		"3508 not available false":     DisconnectNotAvailable,
		"3509 too many errors false":   DisconnectTooManyErrors,
		"3999 disconnected false":      3999,
		"4000 disconnected true":       4000,
		"4499 disconnected true":       4499,
		"4500 disconnected false":      4500,
		"4999 disconnected false":      4999,
		"5000 disconnected true":       5000,
	} {
		if got := fmt.Sprintf("%d %s %t", uint16(reason), reason.Error(), reason.reconnects()); got != want {
			t.Errorf("%s and not %s", got, want)
		}
		if n := len(reason.Error()); n > maxCloseReason {
			t.Errorf("the reason of %d has %d bytes, and a close frame takes %d", uint16(reason), n, maxCloseReason)
		}
	}
}

// maxCloseReason is what a control frame leaves beside the code (RFC 6455 section 5.5).
const maxCloseReason = 123

// TestLimitsAndTimesAreTheReferences holds what clients rely on.
func TestLimitsAndTimesAreTheReferences(t *testing.T) {
	o := Options{}.withDefaults()
	for what, holds := range map[string]bool{
		"a ping every 25 s":                               o.PingInterval.Seconds() == 25,
		"10 s for the pong":                               o.PongTimeout.Seconds() == 10,
		"a pong is due before the next ping":              o.PongTimeout < o.PingInterval,
		"15 s to connect":                                 o.ConnectTimeout.Seconds() == 15,
		"25 s more for a refresh":                         expiryGrace.Seconds() == 25,
		"5 s for a reply":                                 commandTimeout.Seconds() == 5,
		"64 KiB of data":                                  o.MaxDataBytes == 64<<10,
		"a message may hold data of the largest size":     o.MaxFrameBytes > o.MaxDataBytes,
		"128 channels":                                    o.MaxChannels == 128,
		"as many commands as 128 channels in one message": maxCommands > 128,
	} {
		if !holds {
			t.Errorf("not so: %s", what)
		}
	}
}
