// Package links checks that every link of a site leads somewhere: to a page or a file of the
// site and, where a link names an anchor, to an element that has it. Links to other sites are
// left alone.
package links

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// A Page is what matters of a page: where one can arrive on it and where it leads.
type Page struct {
	ids        map[string]bool
	links      []string
	duplicates []string
}

// A Problem is a link that leads nowhere, or an anchor that a page has twice.
type Problem struct { //nolint:errname // it is data first: which link of which page
	Page   string // the address of the page that has the problem
	Target string // as written there
	Reason string
}

// Error says which link of which page is dead, and why.
func (p Problem) Error() string { return fmt.Sprintf("%s: %s: %s", p.Page, p.Target, p.Reason) }

// linkAttributes are those whose value is an address.
var linkAttributes = []string{"href", "src", "action", "data-index"}

// Read takes the anchors and links out of a page's HTML.
//
// Links inside a div with the attribute data-example are part of what is shown there and lead
// nowhere on purpose.
func Read(content []byte) *Page {
	p := &Page{ids: map[string]bool{}}
	z := html.NewTokenizer(bytes.NewReader(content))
	inside := 0 // how many div elements deep in an example
	for {
		switch z.Next() {
		case html.ErrorToken:
			return p
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, example := p.read(z, inside > 0)
			if tag == "div" && (inside > 0 || example) {
				inside++
			}
		case html.EndTagToken:
			if tag, _ := z.TagName(); string(tag) == "div" && inside > 0 {
				inside--
			}
		default: // text holds no links
		}
	}
}

func (p *Page) read(z *html.Tokenizer, inExample bool) (tag string, example bool) {
	name, more := z.TagName()
	tag = string(name)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch name := string(key); {
		case name == "data-example":
			example = true
		case name == "id":
			id := string(value)
			if p.ids[id] {
				p.duplicates = append(p.duplicates, id)
			}
			p.ids[id] = true
		case slices.Contains(linkAttributes, name) && !inExample:
			p.links = append(p.links, string(value))
		}
	}
	return tag, example
}

// Check returns the problems of a site, ordered by page. Pages are known by their addresses,
// which begin with a slash and end with one where the page is a folder's index; files says
// whether any other address is served.
func Check(pages map[string]*Page, files func(address string) bool) []Problem {
	var problems []Problem
	for address, page := range pages {
		for _, id := range page.duplicates {
			problems = append(problems, Problem{address, "#" + id, "the page has this anchor twice"})
		}
		for _, link := range page.links {
			if reason := follow(pages, files, address, link); reason != "" {
				problems = append(problems, Problem{address, link, reason})
			}
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Target, b.Target))
	})
	return slices.Compact(problems)
}

// follow returns why a link leads nowhere, or "".
func follow(pages map[string]*Page, files func(string) bool, from, link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "not an address"
	}
	if u.Scheme != "" || u.Host != "" {
		return ""
	}
	to := u.Path
	switch {
	case to == "":
		to = from
	case !strings.HasPrefix(to, "/"):
		to = resolve(from, to)
	}
	page, known := pages[to]
	if !known {
		if files(to) {
			return ""
		}
		if _, missesSlash := pages[to+"/"]; missesSlash {
			return "the page's address ends with a slash"
		}
		return "no such page"
	}
	if u.Fragment != "" && !page.ids[u.Fragment] {
		return "the page has no such anchor"
	}
	return ""
}

func resolve(from, to string) string {
	if !strings.HasSuffix(from, "/") {
		from = path.Dir(from)
	}
	joined := path.Join(from, to)
	if strings.HasSuffix(to, "/") && joined != "/" {
		joined += "/"
	}
	return joined
}
