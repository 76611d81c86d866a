package realtime

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Some clients only listen: a line of curl, an EventSource, a device. They need no library. All that they say is one
// connect request, with the handshake or after it, and they are subscribed by their token or by the server; what they
// hear are pushes, of which the first answers the connect.

// pushCodec is JSON for them. Its message is the request of a connect command, bare, and its pushes are bare, too.
type pushCodec struct{ jsonCodec }

var _ codec = pushCodec{}

func (pushCodec) variant() variant { return pushVariant }

// decode reads a connect request. None at all is an empty one.
func (pushCodec) decode(message []byte) ([]command, error) {
	if !utf8.Valid(message) {
		return nil, fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	request := new(connectCommand)
	if len(message) > 0 {
		if err := json.Unmarshal(message, request); err != nil {
			return nil, fmt.Errorf("%w: %w", errMalformed, err)
		}
	}
	return []command{{ID: 1, Connect: request}}, nil
}

func (c pushCodec) answer(_ uint32, result object) ([]byte, error) { return c.push("", result) }

func (pushCodec) push(channel string, what object) ([]byte, error) {
	return appendPush(nil, channel, what)
}

// endFor is how the connection of a client ends that cannot be answered: its connect was refused.
func endFor(refused *Error) DisconnectError {
	switch refused.Code {
	case ErrTokenExpired.Code, ErrExpired.Code:
		return DisconnectExpired
	case ErrTooManyRequests.Code:
		return DisconnectTooManyRequests
	case ErrPermissionDenied.Code:
		return DisconnectDenied
	case ErrBadRequest.Code:
		return DisconnectBadRequest
	default:
		return DisconnectServerError
	}
}

// overhear passes over what a client says that only listens, but not for ever.
func (c *connection) overhear() {
	if c.credit.spend(time.Now(), c.hub.options.CommandsPerSecond) == bankrupt {
		c.disconnect(DisconnectTooManyRequests)
	}
}

// servePushSocket makes a WebSocket for a client that only listens. Its connect request is in the query, or its first
// message. Its pings are frames, so that browsers answer by themselves, and objects, so that pages see them.
func (h *Hub) servePushSocket(w http.ResponseWriter, r *http.Request) {
	s := &socket{codec: pushCodec{}}
	if request := r.URL.Query().Get("cf_connect"); strings.TrimSpace(request) != "" {
		s.opening = []byte(request)
	}
	h.serveSocket(w, r, s, objectPings|framePings)
}
