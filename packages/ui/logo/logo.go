// Package logo draws the magpie.
package logo

// Props say how the logo is read out.
type Props struct {
	// Label is what a screen reader says. Empty where the name stands beside the bird.
	Label string
}
