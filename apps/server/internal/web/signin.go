package web

import (
	"errors"
	"net/http"

	"magpie.build/apps/server/internal/auth"
)

// signInForm is the sign-in page's form, as it was filled in.
type signInForm struct {
	name, next string
	// problem says what is wrong with name.
	problem string
}

// home leads to the rooms, by way of the sign-in page for who is not signed in.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/rooms", http.StatusSeeOther)
	return nil
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if _, err := s.user(r); err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath lets no other site through
		return nil
	}
	return render(w, r, http.StatusOK, signInPage(s.frame(r, "Sign in"), signInForm{next: next}))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	form := signInForm{name: r.PostForm.Get("name"), next: localPath(r.PostForm.Get("next"))}
	user, err := auth.NewUser(form.name)
	if invalid, ok := errors.AsType[*auth.NameError](err); ok {
		form.problem = sentence(invalid.Error())
		return render(w, r, http.StatusUnprocessableEntity, signInPage(s.frame(r, "Sign in"), form))
	}
	if err != nil {
		return err
	}
	if err := s.keepSession(w, r, user); err != nil {
		return err
	}
	http.Redirect(w, r, form.next, http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	dropSession(w, r)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
