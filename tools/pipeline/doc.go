// Package pipeline runs the tasks of a Go workspace: a graph over its modules, keys from content, a cache.
package pipeline
