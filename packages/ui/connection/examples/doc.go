// Package examples shows what the state of a connection looks like and how it is called, for the gallery and its tests.
package examples
