// Package examples shows what blocks of code look like and how they are called, for the gallery and its tests.
package examples
