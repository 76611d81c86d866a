package message

import "github.com/a-h/templ"

// ListProps describe a list of messages.
type ListProps struct {
	// Label names the list, such as "Messages in #lobby".
	Label string
	// Attributes are added as they are, such as an id or data-*.
	Attributes templ.Attributes
}

// DividerKind is what a [Divider] stands before.
type DividerKind string

// The kinds.
const (
	Day    DividerKind = ""
	Unread DividerKind = "unread"
)
