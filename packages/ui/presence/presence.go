// Package presence lists who is here.
package presence

// Person is somebody who is present.
type Person struct {
	// ID is the person's lasting id.
	ID   string
	Name string
}

// Props describe the list.
type Props struct {
	// Label names the list, such as "Here now".
	Label  string
	People []Person
}
