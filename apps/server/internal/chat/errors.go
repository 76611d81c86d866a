package chat

import "errors"

// Errors that callers branch on.
var (
	// ErrUnknownRoom is returned where a room does not exist.
	ErrUnknownRoom = errors.New("there is no such room")
	// ErrRoomExists is returned by [Chat.Create], together with the room, for a name that is taken.
	ErrRoomExists = errors.New("a room of that name exists already")
	// ErrTooManyRooms is returned by [Chat.Create] when there are MaxRooms.
	ErrTooManyRooms = errors.New("there are as many rooms as there can be")
	// ErrForbidden is returned to a user who may not do what was asked.
	ErrForbidden = errors.New("you may not do that")
)

// InputError says what is wrong with something a user wrote.
type InputError struct {
	// Field is "room", "message" or "message id".
	Field string
	// Reason completes the sentence "the <field> …".
	Reason string
}

// Error implements error.
func (e *InputError) Error() string { return "the " + e.Field + " " + e.Reason }
