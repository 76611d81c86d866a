package nav_test

import (
	"testing"

	"magpie.build/packages/ui/internal/htmltest"
	"magpie.build/packages/ui/nav"
)

func TestSectionIsOpenWhereTheReaderIs(t *testing.T) {
	deep := func(current bool) []nav.Item {
		return []nav.Item{{Label: "A", Href: "/a", Items: []nav.Item{{Label: "B", Href: "/a/b", Items: []nav.Item{{Label: "C", Href: "/a/b/c", Current: current}}}}}}
	}
	for _, current := range []bool{true, false} {
		sections := 0
		for section := range htmltest.Elements(htmltest.Parse(t, nav.Nav(nav.Props{Label: "Site", Items: deep(current)})), "details") {
			sections++
			if _, open := htmltest.Attr(section, "open"); open != current {
				t.Errorf("the reader is there: %v, open: %v", current, open)
			}
		}
		if sections != 2 {
			t.Errorf("there are %d sections, want 2", sections)
		}
	}
}

func TestSectionsOwnPageCanBeReached(t *testing.T) {
	root := htmltest.Parse(t, nav.Nav(nav.Props{Label: "Site", Items: []nav.Item{{Label: "A", Href: "/a", Items: []nav.Item{{Label: "B", Href: "/a/b"}}}}}))
	reached := map[string]bool{}
	for link := range htmltest.Elements(root, "a") {
		href, _ := htmltest.Attr(link, "href")
		reached[href] = true
	}
	if !reached["/a"] || !reached["/a/b"] {
		t.Errorf("the links lead to %v", reached)
	}
}
