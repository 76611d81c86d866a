// Package examples shows what running text looks like and how it is called, for the gallery and its tests.
package examples
