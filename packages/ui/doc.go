// Package ui holds the templ components that every app of the workspace is made of.
package ui
