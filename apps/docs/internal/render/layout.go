package render

import (
	"slices"

	"magpie.build/packages/ui/nav"
)

// documentTitle is what a browser's tab shows.
func (s *Site) documentTitle(p *Page) string {
	if p.Address == "/" {
		return p.Title
	}
	return p.Title + " · " + s.name
}

// navigation lists the site's sections, the page's own with all that is in it.
func (s *Site) navigation(p *Page) []nav.Item {
	items := make([]nav.Item, 0, len(s.sections))
	for _, section := range s.sections {
		if section.Href != p.section {
			section.Items = nil
		}
		items = append(items, mark(section, p.Address))
	}
	return items
}

// mark returns an item in which the page of an address is the current one.
func mark(item nav.Item, address string) nav.Item {
	item.Current = item.Href == address
	item.Items = slices.Clone(item.Items)
	for i, child := range item.Items {
		item.Items[i] = mark(child, address)
	}
	return item
}
