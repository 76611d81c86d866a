// Package composer is where a message is written.
package composer

// Props describe the form. ID, Action and Label are required.
type Props struct {
	// ID is unique in the page: the label points to ID-text.
	ID string
	// Action is where the form is posted to, with and without scripts.
	Action string
	// Label names the text area, such as "Message #lobby". It is also its placeholder.
	Label string
	// ClientID is posted as "cid" and makes a repeated post the same message.
	ClientID string
	// MaxLength is the longest text in UTF-16 code units. Zero means no bound.
	MaxLength int
	// Text is what is already written: a draft that could not be sent.
	Text string
}
