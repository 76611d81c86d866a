// Package examples shows what the logo looks like and how it is called, for the gallery and its tests.
package examples
