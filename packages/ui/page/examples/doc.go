// Package examples shows what whole pages look like and how they are called, for the gallery and its tests.
package examples
