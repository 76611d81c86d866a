// Package breadcrumb shows the way from the front page to this one.
package breadcrumb

// Item is a step of the way.
type Item struct {
	Label string
	// Href is where the step leads. Empty for the page itself, which comes last.
	Href string
}
