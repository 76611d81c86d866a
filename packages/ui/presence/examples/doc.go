// Package examples shows what a list of people looks like and how it is called, for the gallery and its tests.
package examples
