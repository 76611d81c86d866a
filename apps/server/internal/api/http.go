package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"golang.org/x/sync/errgroup"

	"magpie.build/apps/server/internal/realtime"
)

// reply is the answer to one command.
type reply struct {
	Error  *Error `json:"error,omitempty"`
	Result any    `json:"result,omitempty"`
}

// one answers a command whose method stands in the path.
func (a *API) one(w http.ResponseWriter, r *http.Request) {
	method := r.PathValue("method")
	if _, known := methods[method]; !known {
		http.Error(w, "there is no such method", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuseBody(w, err)
		return
	}
	answer := a.run(r.Context(), method, body)
	status := http.StatusOK
	if strings.EqualFold(r.Header.Get("X-Centrifugo-Error-Mode"), "transport") {
		status = statusOf(answer.Error)
	}
	writeJSON(w, status, answer)
}

// command is one of several. Method and Params are how it is written in /api; the others, in a batch.
type command struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// many answers commands that come one after another, each with an answer of its own: the form of
// Centrifugo's older libraries.
func (a *API) many(w http.ResponseWriter, r *http.Request) {
	var commands []command
	decoder := json.NewDecoder(r.Body)
	for {
		var c command
		err := decoder.Decode(&c)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			refuseBody(w, err)
			return
		}
		if commands = append(commands, c); len(commands) > maxCommands {
			http.Error(w, "too many commands", http.StatusBadRequest)
			return
		}
	}
	if len(commands) == 0 {
		http.Error(w, "there is no command", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	for _, c := range commands {
		if encoder.Encode(a.run(r.Context(), c.Method, c.Params)) != nil {
			return // nobody is there to hear it
		}
	}
}

// batch answers commands that come in one object, with one that has their answers in the same order.
func (a *API) batch(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Commands []map[string]json.RawMessage `json:"commands"`
		Parallel bool                         `json:"parallel"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuseBody(w, err)
		return
	}
	if len(request.Commands) > maxCommands {
		http.Error(w, "too many commands", http.StatusBadRequest)
		return
	}
	replies := make([]map[string]any, len(request.Commands))
	var group errgroup.Group
	group.SetLimit(1)
	if request.Parallel {
		group.SetLimit(maxParallel)
	}
	for i, c := range request.Commands {
		group.Go(func() error { replies[i] = a.runOne(r.Context(), c); return nil })
	}
	_ = group.Wait() // nothing fails
	writeJSON(w, http.StatusOK, map[string]any{"replies": replies})
}

// maxParallel is how many commands of one batch run at once.
const maxParallel = 16

// runOne runs a command that is the one field of an object, and answers in the same way.
func (a *API) runOne(ctx context.Context, c map[string]json.RawMessage) map[string]any {
	if len(c) != 1 {
		return map[string]any{"error": badRequest("a command has one field, which is its method")}
	}
	answer := map[string]any{}
	for method, params := range c {
		done := a.run(ctx, method, params)
		if done.Error != nil {
			answer["error"] = done.Error
			continue
		}
		answer[method] = done.Result
	}
	return answer
}

// run runs one command.
func (a *API) run(ctx context.Context, method string, params []byte) reply {
	do, known := methods[method]
	if !known {
		return reply{Error: &Error{realtime.ErrMethodNotFound.Code, realtime.ErrMethodNotFound.Message}}
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	result, err := do(a, ctx, params)
	if err != nil {
		return reply{Error: a.answerTo(method, err)}
	}
	return reply{Result: result}
}

// refuseBody answers to a body that cannot be read.
func refuseBody(w http.ResponseWriter, err error) {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	http.Error(w, "the body is not JSON as it should be", http.StatusBadRequest)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // else nobody is there to hear it
}

// statusOf is an error as the status of HTTP, for who asks for it so.
func statusOf(e *Error) int {
	if e == nil {
		return http.StatusOK
	}
	switch e.Code {
	case realtime.ErrUnauthorized.Code:
		return http.StatusUnauthorized
	case realtime.ErrPermissionDenied.Code:
		return http.StatusForbidden
	case realtime.ErrUnknownChannel.Code, realtime.ErrMethodNotFound.Code, realtime.ErrNotAvailable.Code:
		return http.StatusNotFound
	case realtime.ErrTooManyRequests.Code:
		return http.StatusTooManyRequests
	case realtime.ErrUnrecoverablePosition.Code:
		return http.StatusRequestedRangeNotSatisfiable
	case realtime.ErrBadRequest.Code, realtime.ErrLimitExceeded.Code, realtime.ErrAlreadySubscribed.Code:
		return http.StatusBadRequest
	default:
		return http.StatusInternalServerError
	}
}
