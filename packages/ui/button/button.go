// Package button is what people press.
package button

import (
	"github.com/a-h/templ"

	"magpie.build/packages/ui/icon"
)

// Variant is how much a button asks for attention.
type Variant string

// The variants. At most one Primary belongs on a screen.
const (
	Plain   Variant = ""        // beside others
	Primary Variant = "primary" // what most people came to do
	Danger  Variant = "danger"  // what cannot be undone
	Quiet   Variant = "quiet"   // in toolbars and rows: no frame until it is pointed at
)

// Type is what a button does in a form.
type Type string

// The types. The zero value does nothing by itself, so that no button submits a form by surprise.
const (
	Press  Type = ""
	Submit Type = "submit"
	Reset  Type = "reset"
)

// Props describe a button. The zero value is a plain button that scripts may listen to.
type Props struct {
	Variant Variant
	Type    Type
	// Href makes it a link that looks like a button. Type and Disabled then have no meaning.
	Href string
	// Icon stands before the text, or alone when Label is set.
	Icon icon.Name
	// Label names a button that shows only its icon.
	Label string
	// Disabled buttons cannot be pressed or focused.
	Disabled bool
	// Attributes are added as they are, such as name, value, form or data-*.
	Attributes templ.Attributes
}

func (p Props) htmlType() string {
	if p.Type == Press {
		return "button"
	}
	return string(p.Type)
}
