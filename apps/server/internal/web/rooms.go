package web

import (
	"errors"
	"net/http"
	"net/url"

	"magpie.build/apps/server/internal/auth"
	"magpie.build/apps/server/internal/chat"
)

// roomForm is the form that makes a room, as it was filled in.
type roomForm struct{ name, problem string }

func (s *Server) roomsPage(w http.ResponseWriter, r *http.Request, user auth.User) error {
	return s.showRooms(w, r, user, http.StatusOK, roomForm{})
}

func (s *Server) showRooms(w http.ResponseWriter, r *http.Request, user auth.User, status int, form roomForm) error {
	rooms, err := s.chat.Rooms(r.Context(), user)
	if err != nil {
		return err
	}
	return render(w, r, status, roomsPage(s.frame(r, "Rooms"), rooms, form))
}

// createRoom makes a room and leads there; a room that exists already is as good.
func (s *Server) createRoom(w http.ResponseWriter, r *http.Request, user auth.User) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	form := roomForm{name: r.PostForm.Get("name")}
	room, err := s.chat.Create(r.Context(), user, form.name)
	if invalid, ok := errors.AsType[*chat.InputError](err); ok {
		form.problem = sentence(invalid.Error())
		return s.showRooms(w, r, user, http.StatusUnprocessableEntity, form)
	}
	if err != nil && !errors.Is(err, chat.ErrRoomExists) {
		return err
	}
	http.Redirect(w, r, roomPath(room.ID), http.StatusSeeOther)
	return nil
}

// roomPath is the address of a room.
func roomPath(id chat.RoomID) string { return "/rooms/" + url.PathEscape(string(id)) }
