// Package field is a labelled place to type in.
package field

import "github.com/a-h/templ"

// Props describe a field. ID, Name and Label are required.
type Props struct {
	// ID is unique in the page: label, hint and error point to it.
	ID    string
	Name  string
	Label string
	// Hint says before typing what is expected.
	Hint string
	// Error says what is wrong with Value and how to put it right.
	Error string
	Value string
	// Type is the HTML input type. Empty means text.
	Type string
	// Autocomplete is the HTML autofill token, such as "username". Empty means that the browser decides.
	Autocomplete string
	Required     bool
	// Attributes are added to the input as they are, such as maxlength or autofocus.
	Attributes templ.Attributes
}

func (p Props) inputType() string {
	if p.Type == "" {
		return "text"
	}
	return p.Type
}

// describedBy puts the error first, as it is the more urgent to hear.
func (p Props) describedBy() string {
	switch {
	case p.Error != "" && p.Hint != "":
		return p.ID + "-error " + p.ID + "-hint"
	case p.Error != "":
		return p.ID + "-error"
	case p.Hint != "":
		return p.ID + "-hint"
	}
	return ""
}
