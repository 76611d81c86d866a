// Package connection says whether what is on the screen is live.
package connection

// State is how the connection to the server stands.
type State string

// The states. The zero value is the one before a script runs: the page is a picture of the moment it was loaded.
const (
	Static     State = "static"
	Connecting State = "connecting"
	Online     State = "online"
	Offline    State = "offline"
)

// Props describe the connection as the page is rendered.
type Props struct {
	// State is [Static] when empty.
	State State
}

func (p Props) state() string {
	if p.State == "" {
		return string(Static)
	}
	return string(p.State)
}
