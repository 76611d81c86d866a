package realtime

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The paths at which the protocol's clients expect a server.
const (
	PathWebSocket  = "/connection/websocket"
	PathHTTPStream = "/connection/http_stream"
	PathSSE        = "/connection/sse"
	PathEmulation  = "/emulation"
)

// The paths of clients that only listen.
const (
	PathPushWebSocket  = "/connection/uni_websocket"
	PathPushHTTPStream = "/connection/uni_http_stream"
	PathPushSSE        = "/connection/uni_sse"
)

// protobufType is the content type of requests in protobuf.
const protobufType = "application/octet-stream"

// Routes returns a handler of all paths of the protocol: WebSockets, and for where those do not get
// through, streams and their commands; and all of them for clients that only listen. It needs the ResponseWriter of net/http, or one that unwraps to
// it.
func (h *Hub) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(PathWebSocket, h)
	mux.HandleFunc(PathHTTPStream, func(w http.ResponseWriter, r *http.Request) { h.serveHTTPStream(w, r, formOf(r)) })
	mux.HandleFunc(PathSSE, func(w http.ResponseWriter, r *http.Request) { h.serveSSE(w, r, jsonCodec{}) })
	mux.HandleFunc(PathEmulation, h.serveEmulation)
	mux.HandleFunc(PathPushWebSocket, h.servePushSocket)
	mux.HandleFunc(PathPushHTTPStream, func(w http.ResponseWriter, r *http.Request) { h.serveHTTPStream(w, r, pushCodec{}) })
	mux.HandleFunc(PathPushSSE, func(w http.ResponseWriter, r *http.Request) { h.serveSSE(w, r, pushCodec{}) })
	return mux
}

// formOf is the form of the protocol that a request's body has.
func formOf(r *http.Request) codec {
	if isProtobuf(r) {
		return protobufCodec{}
	}
	return jsonCodec{}
}

// serveHTTPStream answers a request whose body is the first commands with replies, as long as the
// connection lasts.
func (h *Hub) serveHTTPStream(w http.ResponseWriter, r *http.Request, c codec) {
	if !h.admitOrigin(w, r) || !allowed(w, r, http.MethodPost) {
		return
	}
	message, ok := h.readBody(w, r, h.options.MaxFrameBytes)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", protobufType) // which no proxy gathers so as to compress it
	h.serveStream(w, r, newStream(w, r, c, false, 2*h.options.MaxFrameBytes), message)
}

// serveSSE is serveHTTPStream for server-sent events: browsers put the first commands into the query.
func (h *Hub) serveSSE(w http.ResponseWriter, r *http.Request, c codec) {
	if !h.admitOrigin(w, r) || !allowed(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	message := []byte(r.URL.Query().Get("cf_connect"))
	switch {
	case r.Method == http.MethodPost:
		var ok bool
		if message, ok = h.readBody(w, r, h.options.MaxFrameBytes); !ok {
			return
		}
	case !strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		// A link or an image must not run commands in the name of whoever looks at it.
		http.Error(w, "this address is for clients of event streams, which accept text/event-stream", http.StatusNotAcceptable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	h.serveStream(w, r, newStream(w, r, c, true, 2*h.options.MaxFrameBytes), message)
}

// serveStream runs a connection until it ends.
func (h *Hub) serveStream(w http.ResponseWriter, r *http.Request, s *stream, message []byte) {
	from, err := h.welcome(r)
	if err != nil {
		refuse(w, err)
		return
	}
	control := http.NewResponseController(w)
	// The answer outlives what the server grants to requests. drain sets deadlines of its own.
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})); err != nil {
		h.admission.depart(from)
		h.log.Error("streams are not possible behind this server", "error", err)
		http.Error(w, "streams are not possible here", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would gather replies
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close") // the deadlines are not the next request's
	}
	c := h.newConnection(s.codec, s, r, from)
	s.post(message)
	if err := h.enter(c); err != nil {
		h.admission.depart(from)
		refuse(w, err)
		return
	}
	if !c.listens { // nobody has commands for it otherwise
		h.openSession(s)
		defer h.closeSession(s)
	}
	s.begin()
	c.serve()
}

// allowed answers a request of any other method.
func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	http.Error(w, "this address is for "+strings.Join(methods, " and "), http.StatusMethodNotAllowed)
	return false
}

func isProtobuf(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), protobufType)
}

// readBody reads a request's body of at most limit bytes, and answers one that is larger, or empty.
func (h *Hub) readBody(w http.ResponseWriter, r *http.Request, limit int) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	switch {
	case err == nil && len(body) > 0:
		return body, true
	case err == nil:
		http.Error(w, "the body is empty, and should be commands", http.StatusBadRequest)
	case isTooLarge(err):
		http.Error(w, fmt.Sprintf("the body may have %d bytes", limit), http.StatusRequestEntityTooLarge)
	default:
		http.Error(w, "the body did not arrive", http.StatusBadRequest)
	}
	return nil, false
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
