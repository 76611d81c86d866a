package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
)

// pageSize is how many messages a page shows at first, and how many each step into the past adds:
// more than a screen, less than is noticed.
const pageSize = 50

// roomView is what the page of a room shows.
type roomView struct {
	user   auth.User
	room   chat.Room
	rooms  []chat.Room
	page   chat.Page
	people chat.People
	// past is true for a page of older messages, which is not live.
	past bool
	// draft is a message that could not be sent, problem says why.
	draft, problem string
	// clientID is the id of the message that the composer would send.
	clientID string
}

func (s *Server) roomPage(w http.ResponseWriter, r *http.Request, user auth.User) error {
	return s.showRoom(w, r, user, http.StatusOK, roomView{clientID: rand.Text()})
}

// showRoom adds to the view what there is to see in the room.
func (s *Server) showRoom(w http.ResponseWriter, r *http.Request, user auth.User, status int, view roomView) error {
	ctx, id := r.Context(), roomID(r)
	var err error
	if view.room, err = s.chat.Join(ctx, user, id); err != nil {
		return err
	}
	request := pageRequest(r)
	if view.page, err = s.chat.History(ctx, user, id, request); err != nil {
		return err
	}
	if view.people, err = s.chat.People(ctx, user, id); err != nil {
		return err
	}
	if view.rooms, err = s.chat.Rooms(ctx, user); err != nil {
		return err
	}
	view.user, view.past = user, request.Before > 0
	return render(w, r, status, roomPage(s.frame(r, view.room.Name), view))
}

// messages is a page of a room's history for the room's script.
func (s *Server) messages(w http.ResponseWriter, r *http.Request, user auth.User) error {
	room, err := s.chat.Join(r.Context(), user, roomID(r))
	if err != nil {
		return err
	}
	page, err := s.chat.History(r.Context(), user, room.ID, pageRequest(r))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, messageList(room, page))
}

// people is who is in a room, for the room's script: events of who comes and goes only say that it is
// time to ask.
func (s *Server) people(w http.ResponseWriter, r *http.Request, user auth.User) error {
	people, err := s.chat.People(r.Context(), user, roomID(r))
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, peopleList(people))
}

// postMessage says what the composer's form holds. A form posted twice is one message.
func (s *Server) postMessage(w http.ResponseWriter, r *http.Request, user auth.User) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	draft := chat.Draft{ClientID: r.PostForm.Get("cid"), Text: r.PostForm.Get("text")}
	_, err := s.chat.Send(r.Context(), user, roomID(r), draft)
	if invalid, ok := errors.AsType[*chat.InputError](err); ok {
		view := roomView{draft: draft.Text, problem: sentence(invalid.Error()), clientID: rand.Text()}
		return s.showRoom(w, r, user, http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, roomPath(roomID(r))+"#end", http.StatusSeeOther) //nolint:gosec // roomPath begins with /rooms/ and escapes the rest
	return nil
}

func roomID(r *http.Request) chat.RoomID { return chat.RoomID(r.PathValue("room")) }

// pageRequest reads which messages are asked for. A number that is none asks for the newest.
func pageRequest(r *http.Request) chat.PageRequest {
	before, err := strconv.ParseUint(r.URL.Query().Get("before"), 10, 64)
	if err != nil {
		before = 0
	}
	return chat.PageRequest{Before: before, Limit: pageSize}
}
