package chat

import "magpie.build/apps/server/internal/auth"

// Who may do what, all of it: rooms are open to everybody who has a name.

// mayRead answers [ErrForbidden] unless the user may see rooms, their messages and their people.
func mayRead(user auth.User) error {
	if user.ID == "" {
		return ErrForbidden
	}
	return nil
}

// mayWrite answers [ErrForbidden] unless the user may make rooms and say something in them.
func mayWrite(user auth.User) error {
	if user.ID == "" || user.Name == "" {
		return ErrForbidden
	}
	return nil
}
