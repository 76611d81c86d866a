package web

import (
	"context"
	"errors"
	"net/http"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
	"magpie.build/apps/server/internal/realtime"
	"magpie.build/packages/pubsub"
)

// answer is an error as people and protocols hear of it.
type answer struct {
	status int
	// title and text are for people. An empty text means that the error's own may be shown.
	title, text string
	// code is the realtime protocol's error.
	code *realtime.Error
}

// errNoPage is the error of a path that leads nowhere.
var errNoPage = errors.New("there is no such page")

// errWrongOrigin is the error of a form that another site posted.
var errWrongOrigin = errors.New("the form came from another site")

// answers turns errors into what is told, the first match counts. What is not listed is the server's
// own fault: it is logged, and nothing of it is shown.
var answers = []struct {
	err    error
	answer answer
}{
	{errNoPage, answer{http.StatusNotFound, "There is no such page", "Perhaps the address was mistyped.", realtime.ErrNotAvailable}},
	{chat.ErrUnknownRoom, answer{http.StatusNotFound, "There is no such room", "Choose one from the list, or make it.", realtime.ErrUnknownChannel}},
	{auth.ErrUnauthenticated, answer{http.StatusUnauthorized, "You are not signed in", "Sign in and try again.", realtime.ErrUnauthorized}},
	{chat.ErrForbidden, answer{http.StatusForbidden, "You may not do that", "Sign in under a name first.", realtime.ErrPermissionDenied}},
	{errWrongOrigin, answer{http.StatusForbidden, "That came from another site", "Go to the page itself and try again there.", realtime.ErrPermissionDenied}},
	{chat.ErrRoomExists, answer{http.StatusConflict, "That room exists already", "", realtime.ErrBadRequest}},
	{chat.ErrTooManyRooms, answer{http.StatusConflict, "No more rooms", "", realtime.ErrLimitExceeded}},
	{pubsub.ErrTooLarge, answer{http.StatusRequestEntityTooLarge, "That is too long", "Say it in smaller pieces.", realtime.ErrLimitExceeded}},
	{pubsub.ErrUnavailable, answer{http.StatusServiceUnavailable, "Not reachable just now", "Try again in a moment; nothing is lost.", realtime.ErrInternal}},
	{pubsub.ErrNotReplicated, answer{http.StatusServiceUnavailable, "Said, but not safe yet", "Others may see it already. Send it again: it is said once.", realtime.ErrNotReplicated}},
	{pubsub.ErrClosed, answer{http.StatusServiceUnavailable, "The server is stopping", "Try again in a moment; nothing is lost.", realtime.ErrInternal}},
	{context.Canceled, answer{http.StatusServiceUnavailable, "Interrupted", "Try again.", realtime.ErrInternal}},
	{context.DeadlineExceeded, answer{http.StatusServiceUnavailable, "That took too long", "Try again in a moment.", realtime.ErrInternal}},
}

// explain returns what to say about err.
func (s *Server) explain(r *http.Request, err error) answer {
	found, ok := lookUp(err)
	if !ok {
		s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	return found
}

// lookUp finds err's answer, and whether it has one of its own.
func lookUp(err error) (answer, bool) {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = errors.Join(tooLarge, pubsub.ErrTooLarge)
	}
	if input, ok := errors.AsType[*chat.InputError](err); ok {
		return badInput(input.Error()), true
	}
	if name, ok := errors.AsType[*auth.NameError](err); ok {
		return badInput(name.Error()), true
	}
	for _, known := range answers {
		if errors.Is(err, known.err) {
			found := known.answer
			if found.text == "" {
				found.text = sentence(known.err.Error())
			}
			return found, true
		}
	}
	return answer{http.StatusInternalServerError, "Something went wrong", "It is our fault, and it is in our log. Try again.", realtime.ErrInternal}, false
}

// badInput says what is wrong with what somebody wrote: that is theirs to see.
func badInput(reason string) answer {
	code := *realtime.ErrBadRequest
	code.Message = reason
	return answer{http.StatusUnprocessableEntity, "That cannot be", sentence(reason), &code}
}
