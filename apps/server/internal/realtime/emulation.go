package realtime

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Nodes reaches the servers of one deployment by name: the commands of a stream may come to any of
// them, and are for the one that holds it.
type Nodes interface {
	// Self is this server's name.
	Self() string
	// Ask hands a question to the server of that name and returns what its [Hub.Answer] said. It waits
	// until ctx ends when no server has it.
	Ask(ctx context.Context, name string, question []byte) (answer []byte, err error)
}

// alone is the [Nodes] of a server without others.
type alone struct{}

// Self implements [Nodes].
func (alone) Self() string { return "" }

// Ask implements [Nodes].
func (alone) Ask(context.Context, string, []byte) ([]byte, error) {
	return nil, errors.New("this server is alone")
}

// emulation is commands for a stream. Data is a string in JSON, the commands one a line; in protobuf it
// is what a message of a WebSocket would be.
type emulation struct {
	Node    string `json:"node"`
	Session string `json:"session"`
	Data    string `json:"data"`
}

// decodeField reads a field of an EmulationRequest.
func (e *emulation) decodeField(number protowire.Number, v value) error {
	switch number {
	case 1:
		return v.text(&e.Node)
	case 2:
		return v.text(&e.Session)
	case 3:
		e.Data = string(v.bytes)
		return v.run()
	default:
		return nil
	}
}

func (e *emulation) appendProtobuf(buf []byte) []byte {
	return appendText(appendText(appendText(buf, 1, e.Node), 2, e.Session), 3, e.Data)
}

// serveEmulation hands commands to the server that holds their stream. It answers 204 when they are
// under way, 404 when there is no such stream, 429 when too many wait already.
func (h *Hub) serveEmulation(w http.ResponseWriter, r *http.Request) {
	if !h.admitOrigin(w, r) || !allowed(w, r, http.MethodPost) {
		return
	}
	// JSON within a string of JSON may have twice the bytes.
	body, ok := h.readBody(w, r, 2*h.options.MaxFrameBytes)
	if !ok {
		return
	}
	var e emulation
	var err error
	if isProtobuf(r) {
		err = decodeFields(body, e.decodeField)
	} else {
		err = json.Unmarshal(body, &e)
	}
	if err != nil || e.Session == "" {
		http.Error(w, "the body should be a session, a node and data", http.StatusBadRequest)
		return
	}
	if len(e.Data) > h.options.MaxFrameBytes {
		http.Error(w, "the data is too large", http.StatusRequestEntityTooLarge)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	status := h.emulate(ctx, e)
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	http.Error(w, http.StatusText(status), status)
}

// emulate hands commands to their stream, wherever it is, and returns what to answer.
func (h *Hub) emulate(ctx context.Context, e emulation) (status int) {
	if e.Node == h.options.Nodes.Self() {
		return h.deliver(e)
	}
	answer, err := h.options.Nodes.Ask(ctx, e.Node, e.appendProtobuf(nil))
	if err != nil {
		h.log.Info("commands for a stream of another server came to nothing", "node", e.Node, "error", err)
		return http.StatusNotFound
	}
	if status, err = strconv.Atoi(string(answer)); err != nil || http.StatusText(status) == "" {
		return http.StatusBadGateway
	}
	return status
}

// Answer answers what another server's hub asks of this one through [Nodes]. It does not wait.
func (h *Hub) Answer(question []byte) []byte {
	var e emulation
	status := http.StatusBadRequest
	if err := decodeFields(question, e.decodeField); err == nil {
		status = h.deliver(e)
	}
	return strconv.AppendInt(nil, int64(status), 10)
}

// deliver hands commands to a stream of this server.
func (h *Hub) deliver(e emulation) (status int) {
	h.mu.RLock()
	s, ok := h.sessions[e.Session]
	h.mu.RUnlock()
	switch {
	case !ok:
		return http.StatusNotFound
	case !s.post([]byte(e.Data)):
		return http.StatusTooManyRequests
	default:
		return http.StatusNoContent
	}
}

func (h *Hub) openSession(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[s.session] = s
}

func (h *Hub) closeSession(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, s.session)
}
