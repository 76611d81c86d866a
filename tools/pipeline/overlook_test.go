package pipeline

import "testing"

// Overlook makes the keys of p leave out a kind of inputs.
func Overlook(tb testing.TB, p *Pipeline, kind string) {
	tb.Helper()
	switch kind {
	case "":
	case "embeds":
		p.overlooks.embeds = true
	case "go.sum":
		p.overlooks.sums = true
	case "go.sum lines":
		p.overlooks.lines = true
	case "tags":
		p.overlooks.tags = true
	case "environment":
		p.overlooks.environment = true
	case "links":
		p.overlooks.links = true
	case "test imports":
		p.overlooks.testImports = true
	default:
		tb.Fatalf("there is nothing called %q to overlook", kind)
	}
}
