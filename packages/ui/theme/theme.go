// Package theme lets people choose between light and dark.
//
// The choice is kept in a cookie. A server reads it with [FromRequest] and renders it into the page, so nothing flashes; a static page
// loads the script theme.js before its styles. Without scripts the switch is a form posted to [Handler], or, on a static page, works
// until the page is left.
package theme

// SwitchProps describe a switch.
type SwitchProps struct {
	// Choice is the one in force.
	Choice Choice
	// Action is where [Handler] is mounted. Empty on a static page.
	Action string
}
