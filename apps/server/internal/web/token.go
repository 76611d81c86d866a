package web

import (
	"encoding/json"
	"net/http"

	"magpie.build/apps/server/internal/auth"
)

// tokenReply is the answer to POST /token.
type tokenReply struct {
	// Token goes into the connect command.
	Token string `json:"token"`
	// User and Name say whose it is.
	User string `json:"user"`
	Name string `json:"name"`
	// ExpiresIn is for how many seconds it opens connections.
	ExpiresIn int `json:"expires_in"`
}

// token hands a connection token to a client library: for who is signed in by a cookie, or for a new
// user under the form value "name".
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	reply, err := s.newToken(r)
	if err != nil {
		answer := s.explain(r, err)
		http.Error(w, answer.text, answer.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(reply); err != nil {
		s.log.Debug("token not delivered", "error", err)
	}
}

func (s *Server) newToken(r *http.Request) (tokenReply, error) {
	if err := r.ParseForm(); err != nil {
		return tokenReply{}, err
	}
	user, err := s.user(r)
	if name := r.PostForm.Get("name"); err != nil && name != "" {
		user, err = auth.NewUser(name)
	}
	if err != nil {
		return tokenReply{}, err
	}
	token, err := s.signer.Token(user)
	if err != nil {
		return tokenReply{}, err
	}
	return tokenReply{Token: token, User: user.ID, Name: user.Name, ExpiresIn: int(auth.TokenTTL.Seconds())}, nil
}
