// Package gallery lists every component with its examples, as a component and as source, for the docs to show and for tests to check.
package gallery

import (
	"io/fs"
	"path"

	"github.com/a-h/templ"

	"magpie.build/packages/ui"
)

// Component is a package of packages/ui.
type Component struct {
	// Name is the package's name, which is its folder's: "button".
	Name string
	// Import is the path that a program imports it by.
	Import string
	// Doc is the package's comment without its marks.
	Doc string
	// Document says that the examples are whole documents, to be shown in frames of their own.
	Document bool
	Examples []Example
}

// Example is one way to use a component.
type Example struct {
	// Name is the example's function: "WithError".
	Name string
	// Doc is the function's comment without its marks.
	Doc string
	// Source is the body of the function as it is written.
	Source string
	// Render is what it looks like. It holds no id twice, but two examples together may.
	Render templ.Component
}

// Components returns all components in alphabetical order. The stylesheets are URLs for the examples that are whole documents.
func Components(stylesheets ...string) []Component {
	all := components(stylesheets)
	for i := range all {
		describe(&all[i])
	}
	return all
}

// describe adds what stands in the sources. The sources are embedded and the tests show that they hold everything, so nothing can fail here.
func describe(c *Component) {
	c.Import = "magpie.build/packages/ui/" + c.Name
	c.Doc = packageDoc(read(path.Join(c.Name, c.Name+".go")))
	source := read(path.Join(c.Name, "examples", "examples.templ"))
	for i := range c.Examples {
		e := &c.Examples[i]
		e.Doc, e.Source = cut(source, e.Name)
	}
}

func read(name string) string {
	text, err := fs.ReadFile(ui.Sources(), name)
	if err != nil {
		return ""
	}
	return string(text)
}
