// Package examples shows what an empty state looks like and how it is called, for the gallery and its tests.
package examples
