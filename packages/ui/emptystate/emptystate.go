// Package emptystate says why there is nothing to see, and what to do about it.
package emptystate

import "magpie.build/packages/ui/icon"

// Props describe an empty state. Title is required.
type Props struct {
	Icon  icon.Name
	Title string
}
