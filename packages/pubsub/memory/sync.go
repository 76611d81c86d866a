package memory

import "fmt"

// Sync says when a publish to a directory is acknowledged. Whichever it is, a killed process loses nothing
// acknowledged: what was written is the system's, and gets to the file.
type Sync uint8

const (
	// SyncAlways acknowledges when the disk has the publication: a power cut loses nothing acknowledged.
	// Publishes that wait at the same time wait for the disk together.
	SyncAlways Sync = iota
	// SyncNever acknowledges when the system has the publication, and leaves to it when the disk gets it. A
	// power cut loses what was published within the last half minute or so, and may leave a file that cannot
	// be opened: then all of its history is lost. Clients are told of either.
	SyncNever
)

// String returns the name of the policy as settings have it.
func (s Sync) String() string {
	switch s {
	case SyncAlways:
		return "always"
	case SyncNever:
		return "never"
	default:
		return fmt.Sprintf("Sync(%d)", uint8(s))
	}
}

// UnmarshalText reads the name of a policy.
func (s *Sync) UnmarshalText(text []byte) error {
	for _, known := range []Sync{SyncAlways, SyncNever} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("sync policy %q: want always or never", text)
}
