// Package examples shows what the theme switch looks like and how it is called, for the gallery and its tests.
package examples
