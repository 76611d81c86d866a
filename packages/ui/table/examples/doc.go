// Package examples shows what tables look like and how they are called, for the gallery and its tests.
package examples
