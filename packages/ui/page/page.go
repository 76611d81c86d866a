// Package page is a whole document: what stands in its head, and where header, sidebar, content and footer go.
package page

import (
	"github.com/a-h/templ"

	"magpie.build/packages/ui/theme"
)

// Layout is how a page uses the window.
type Layout string

// The layouts.
const (
	Document Layout = ""       // a text as long as it is: sidebar, content, aside
	App      Layout = "app"    // exactly the window: the content scrolls inside
	Narrow   Layout = "narrow" // one small thing in the middle, such as a sign-in
)

// Props describe a page. Title is required.
type Props struct {
	// Title is the document's title as shown in a tab.
	Title string
	// Lang is the language of the text. Empty means "en".
	Lang string
	// Description is for search engines and previews. May be empty.
	Description string
	Layout      Layout
	// Theme is the reader's choice.
	Theme theme.Choice
	// Stylesheets are URLs, in order. That of ui.css comes first.
	Stylesheets []string
	// EarlyScripts are URLs of scripts that run before the page is shown. Each delays it: theme.js on static pages is one.
	EarlyScripts []string
	// Scripts are URLs of modules, which run when the page is complete.
	Scripts []string
	// Brand is the site's name beside the logo. Empty shows no header.
	Brand string
	// BrandHref is where the name leads. Empty means "/".
	BrandHref string
	// Head is added to the document's head: icons, feeds, meta elements.
	Head templ.Component
	// Header follows the name: navigation, search, theme switch, who is signed in.
	Header templ.Component
	// Sidebar stands before the content, and behind a menu button where there is no room for it. It needs a Brand.
	Sidebar templ.Component
	// Aside stands after the content where there is room.
	Aside templ.Component
	// Footer ends the page.
	Footer templ.Component
	// Attributes are added to the body as they are, such as data-*.
	Attributes templ.Attributes
}

func (p Props) lang() string {
	if p.Lang == "" {
		return "en"
	}
	return p.Lang
}

func (p Props) brandHref() string {
	if p.BrandHref == "" {
		return "/"
	}
	return p.BrandHref
}
