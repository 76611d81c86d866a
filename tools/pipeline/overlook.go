package pipeline

import (
	"strings"

	"magpie.build/tools/pipeline/internal/gosource"
)

// overlooked are kinds of inputs that keys leave out. It is empty, but in the tests that make sure that an engine
// which forgot one would be noticed.
type overlooked struct {
	embeds, sums, lines, tags, environment, links, testImports bool
}

// source returns the configuration of a reader that overlooks the same.
func (o overlooked) source(c gosource.Config) gosource.Config {
	if o.tags {
		c.Tags = nil
	}
	if o.embeds || o.testImports {
		c.Headers, c.Memo = halfRead{c.Headers, o}, nil
	}
	return c
}

// halfRead are headers without what is overlooked.
type halfRead struct {
	gosource.Headers

	overlooks overlooked
}

// Load implements [gosource.Headers].
func (h halfRead) Load(name string) (gosource.Header, bool) {
	header, ok := h.Headers.Load(name)
	if h.overlooks.embeds {
		header.Embeds = nil
	}
	if h.overlooks.testImports && strings.HasSuffix(name, "_test.go") {
		header.Imports = nil
	}
	return header, ok
}
