// Package nav links the pages of a site with each other, or the parts of a page.
package nav

// Variant is where a navigation stands.
type Variant string

// The variants.
const (
	Tree    Variant = ""        // down a sidebar, with folding sections
	Bar     Variant = "bar"     // along the top of a page
	Outline Variant = "outline" // beside a text: its headings
)

// Item is a link, or a section of them.
type Item struct {
	Label string
	// Href is where the item leads. A section may have none.
	Href string
	// Current is the page on the screen.
	Current bool
	// Items stand below this one. A [Bar] does not show them.
	Items []Item
}

// Props describe a navigation. Label is required.
type Props struct {
	Variant Variant
	// Label names the landmark, as a page may have several. An [Outline] shows it.
	Label string
	Items []Item
}

func (i Item) holdsCurrent() bool {
	if i.Current {
		return true
	}
	for _, child := range i.Items {
		if child.holdsCurrent() {
			return true
		}
	}
	return false
}
