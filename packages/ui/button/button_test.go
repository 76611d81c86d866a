package button_test

import (
	"testing"

	"github.com/a-h/templ"

	"magpie.build/packages/ui/button"
	"magpie.build/packages/ui/internal/htmltest"
)

func TestButtonSubmitsOnlyWhenAsked(t *testing.T) {
	for kind, want := range map[button.Type]string{button.Press: "button", button.Submit: "submit", button.Reset: "reset"} {
		root := htmltest.Parse(t, htmltest.With(button.Button(button.Props{Type: kind}), "Go"))
		if got, _ := htmltest.Attr(htmltest.One(t, root, "button"), "type"); got != want {
			t.Errorf("%q is the HTML type %q, want %q", kind, got, want)
		}
	}
}

func TestHrefMakesALink(t *testing.T) {
	root := htmltest.Parse(t, htmltest.With(button.Button(button.Props{Href: "/rooms", Attributes: templ.Attributes{"data-x": "1"}}), "Rooms"))
	link := htmltest.One(t, root, "a")
	if href, _ := htmltest.Attr(link, "href"); href != "/rooms" || htmltest.Text(link) != "Rooms" {
		t.Errorf("the link %q leads to %q", htmltest.Text(link), href)
	}
	if x, _ := htmltest.Attr(link, "data-x"); x != "1" {
		t.Errorf("the attribute is %q", x)
	}
}

func TestScriptAddressesAreDefused(t *testing.T) {
	root := htmltest.Parse(t, button.Button(button.Props{Href: "javascript:alert(1)", Label: "x"}))
	if href, _ := htmltest.Attr(htmltest.One(t, root, "a"), "href"); href != string(templ.FailedSanitizationURL) {
		t.Errorf("the link leads to %q", href)
	}
}
