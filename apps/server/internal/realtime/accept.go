package realtime

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/coder/websocket"

	"magpie.build/apps/server/internal/descriptors"
)

// retryAfter is how many seconds a client that found no place should wait.
const retryAfter = "5"

// ServeHTTP makes a WebSocket of the request and returns; the connection lives on. A request from a
// page of another origin is answered with status 403, one too many with 503, and with 429 if it is one too
// many of its own address.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	frames := r.URL.Query().Get("cf_ws_frame_ping_pong") == "true"
	h.serveSocket(w, r, &socket{}, pingsOf(frames))
}

// serveSocket makes a WebSocket of the request. The socket may have a codec and an opening.
func (h *Hub) serveSocket(w http.ResponseWriter, r *http.Request, s *socket, pings pings) {
	from, err := h.welcome(r)
	if err != nil {
		refuse(w, err)
		return
	}
	var c *connection
	ws, err := websocket.Accept(&hijacker{w, s}, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocolProtobuf, "centrifuge-json"},
		OriginPatterns:     h.options.AllowedOrigins,
		InsecureSkipVerify: h.options.AllowAnyOrigin,
		OnPongReceived:     func(context.Context, []byte) { c.framePonged() },
	})
	if err != nil {
		h.admission.depart(from)
		// The answer is given; a foreign origin is most often an address that nobody listed.
		h.log.Info("websocket refused", "error", err, "origin", r.Header.Get("Origin"), "host", r.Host,
			"hint", "pages of another origin may connect once it is one of the allowed origins")
		return
	}
	s.buffered.Reset(s) // it has read nothing yet: what net/http had read is the socket's
	ws.SetReadLimit(surplusFrames * int64(h.options.MaxFrameBytes))
	if s.ws = ws; s.codec == nil {
		s.codec = codecOf(ws.Subprotocol(), r)
	}
	c = h.newConnection(s.codec, s, r, from)
	c.pings = pings
	if err := h.enter(c); err != nil {
		h.admission.depart(from)
		reason := DisconnectShutdown
		if errors.Is(err, errFull) {
			reason = DisconnectReconnect
		}
		_, _ = s.Write(appendClose(nil, uint16(reason), reason.Error())) // it is closed in any case
		_ = ws.CloseNow()
		return
	}
	go c.rest()
}

// subprotocolProtobuf is how clients ask for protobuf in the handshake.
const subprotocolProtobuf = "centrifuge-protobuf"

// codecOf is the form of the protocol that the client asks for: by subprotocol, or in the query.
func codecOf(subprotocol string, r *http.Request) codec {
	query := r.URL.Query()
	if subprotocol == subprotocolProtobuf || query.Get("format") == "protobuf" || query.Get("cf_protocol") == "protobuf" {
		return protobufCodec{}
	}
	return jsonCodec{}
}

// welcome lets a request become a connection, and returns the address that it counts for; or says why not.
func (h *Hub) welcome(r *http.Request) (from netip.Addr, err error) {
	if err := h.await(r.Context()); err != nil {
		return from, err
	}
	if descriptors.Scarce(r.Context()) {
		return from, errScarce
	}
	from = household(clientAddress(r, h.options.TrustedProxies))
	return from, h.admission.arrive(from)
}

// await waits for Run to begin, and says why there is no place for a connection.
func (h *Hub) await(ctx context.Context) error {
	select {
	case <-h.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.vacancy()
}

func (h *Hub) newConnection(codec codec, t transport, r *http.Request, from netip.Addr) *connection {
	id := rand.Text()
	now := time.Now()
	_, listens := codec.(pushCodec)
	return &connection{
		hub:        h,
		shard:      h.shards[int(id[0])%len(h.shards)],
		id:         id,
		since:      now,
		codec:      codec,
		transport:  t,
		pings:      objectPings,
		listens:    listens,
		header:     r.Header,
		from:       from,
		remoteAddr: remoteAddress(r, h.options.TrustedProxies),
		client:     Client{ID: id},
		index:      -1,
		place:      -1,
		pulse:      pulse{connectBy: now.Add(h.options.ConnectTimeout)},
		credit:     newCredit(now, h.options.CommandsPerSecond),
		publishes:  newCredit(now, h.options.PublishesPerSecond),
		subscribes: newCredit(now, h.options.SubscribesPerSecond),
	}
}
