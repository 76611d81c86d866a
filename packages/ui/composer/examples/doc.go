// Package examples shows what the composer looks like and how it is called, for the gallery and its tests.
package examples
