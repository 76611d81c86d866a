// Package card is a framed piece of a page.
package card

import "magpie.build/packages/ui/icon"

// Props describe a card. The zero value is a frame around its children.
type Props struct {
	Title string
	// Href makes the title a link and the whole card its target.
	Href string
	Icon icon.Name
}
