// Package icon draws the small pictures of the interface: 24 by 24 units, one stroke, in the colour of the text around them.
package icon

// Props say which icon, and whether it speaks.
type Props struct {
	// Name is one of the constants of this package. An unknown name draws nothing.
	Name Name
	// Label is what a screen reader says. Empty for an icon beside a text that says the same: it is then hidden from screen readers.
	Label string
}
