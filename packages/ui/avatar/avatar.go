// Package avatar shows who somebody is by a coloured disc with initials. The same person has the same colour everywhere.
package avatar

// Props describe whose avatar it is.
type Props struct {
	// ID chooses the colour. It should be what stays when people rename themselves.
	ID string
	// Name gives the initials.
	Name string
}
