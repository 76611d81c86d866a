package config

import "fmt"

// A Layer is one of the places where values come from. A later one overrides an earlier one.
type Layer int

// The layers, from the lowest to the highest.
const (
	Default Layer = iota
	File
	Environment
	Flag
)

// String returns the layer's name in lower case.
func (l Layer) String() string {
	switch l {
	case Default:
		return "default"
	case File:
		return "file"
	case Environment:
		return "environment"
	case Flag:
		return "flag"
	default:
		return fmt.Sprintf("layer %d", int(l))
	}
}

// A Source says where a value came from.
type Source struct {
	Layer Layer
	// Place is where in the layer: a file with its line, a variable, a flag. Empty for defaults.
	Place string
}

// String returns the layer and the place: "file server.toml:3", "default".
func (s Source) String() string {
	if s.Place == "" {
		return s.Layer.String()
	}
	return s.Layer.String() + " " + s.Place
}
