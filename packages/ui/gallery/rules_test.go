package gallery_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"magpie.build/packages/ui/gallery"
	"magpie.build/packages/ui/internal/htmltest"
)

// rules are what every example keeps. Each returns what is wrong, or nothing.
var rules = []struct {
	name  string
	check func(root *html.Node) []string
}{
	{"the policy \"script-src 'self'; style-src 'self'\" holds", inline},
	{"no id is there twice", repeatedIDs},
	{"references lead to an id", danglingReferences},
	{"what one can use has a name", unnamed},
	{"roles exist", unknownRoles},
	{"images have an alternative", imagesWithoutText},
	{"links lead somewhere", emptyLinks},
	{"tabindex does not change the order", tabOrder},
	{"list items are in lists", strayItems},
}

func TestExamplesKeepTheRules(t *testing.T) {
	for _, c := range gallery.Components("/assets/ui.css") {
		for _, e := range c.Examples {
			root := htmltest.Parse(t, e.Render)
			for _, rule := range rules {
				for _, problem := range rule.check(root) {
					t.Errorf("%s.%s: %s: %s", c.Name, e.Name, rule.name, problem)
				}
			}
		}
	}
}

func TestDocumentsHaveOneHeadingAndOneMain(t *testing.T) {
	for _, c := range gallery.Components() {
		if !c.Document {
			continue
		}
		for _, e := range c.Examples {
			root := htmltest.Parse(t, e.Render)
			htmltest.One(t, root, "h1")
			htmltest.One(t, root, "main")
			htmltest.One(t, root, "title")
			if lang, _ := htmltest.Attr(htmltest.One(t, root, "html"), "lang"); lang == "" {
				t.Errorf("%s: the document has no language", e.Name)
			}
		}
	}
}

// Each rule is shown to see what it forbids.
func TestRulesSeeViolations(t *testing.T) {
	bad := map[string]string{
		rules[0].name: `<p style="color: red"></p><script>1</script><style></style><a href="javascript:x" onclick="y"></a>`,
		rules[1].name: `<p id="a"></p><p id="a"></p>`,
		rules[2].name: `<label for="b">x</label>`,
		rules[3].name: `<button type="button"><svg aria-hidden="true"></svg></button><input name="x"><nav></nav>`,
		rules[4].name: `<p role="buton"></p>`,
		rules[5].name: `<img src="a.png"><svg></svg>`,
		rules[6].name: `<a>x</a>`,
		rules[7].name: `<p tabindex="3"></p>`,
		rules[8].name: `<li>x</li>`,
	}
	for _, rule := range rules {
		root, err := html.Parse(strings.NewReader(bad[rule.name]))
		if err != nil {
			t.Fatal(err)
		}
		if len(rule.check(root)) == 0 {
			t.Errorf("%q finds nothing wrong with %s", rule.name, bad[rule.name])
		}
	}
}

func inline(root *html.Node) (problems []string) {
	for n := range htmltest.Elements(root) {
		_, external := htmltest.Attr(n, "src")
		if n.Data == "style" || n.Data == "script" && !external {
			problems = append(problems, "<"+n.Data+"> in the page")
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
				problems = append(problems, "<"+n.Data+"> has "+a.Key)
			}
		}
	}
	return problems
}

func repeatedIDs(root *html.Node) (problems []string) {
	seen := map[string]bool{}
	for n := range htmltest.Elements(root) {
		if id, ok := htmltest.Attr(n, "id"); ok {
			if seen[id] || id == "" {
				problems = append(problems, id)
			}
			seen[id] = true
		}
	}
	return problems
}

func danglingReferences(root *html.Node) (problems []string) {
	ids := map[string]bool{}
	for n := range htmltest.Elements(root) {
		id, _ := htmltest.Attr(n, "id")
		ids[id] = true
	}
	for n := range htmltest.Elements(root) {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "popovertarget"} {
			value, _ := htmltest.Attr(n, name)
			for id := range strings.FieldsSeq(value) {
				if !ids[id] {
					problems = append(problems, name+"="+id)
				}
			}
		}
	}
	return problems
}

func unnamed(root *html.Node) (problems []string) {
	labelled := map[string]bool{}
	for label := range htmltest.Elements(root, "label") {
		id, _ := htmltest.Attr(label, "for")
		labelled[id] = strings.TrimSpace(htmltest.Text(label)) != ""
	}
	for n := range htmltest.Elements(root, "a", "button", "summary", "input", "textarea", "select", "nav") {
		if kind, _ := htmltest.Attr(n, "type"); kind == "hidden" {
			continue
		}
		if id, _ := htmltest.Attr(n, "id"); !labelled[id] && accessibleName(n) == "" {
			problems = append(problems, "<"+n.Data+">")
		}
	}
	return problems
}

// accessibleName is what is left of the rules for names when there are no titles and no references: a label, a label around it, or its text.
func accessibleName(n *html.Node) string {
	if label, _ := htmltest.Attr(n, "aria-label"); label != "" {
		return label
	}
	for parent := range n.Ancestors() {
		if parent.Data == "label" {
			n = parent
		}
	}
	if n.Data == "nav" {
		return ""
	}
	return strings.TrimSpace(spoken(n))
}

// spoken is the text that a screen reader finds in an element.
func spoken(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if hidden, _ := htmltest.Attr(n, "aria-hidden"); hidden == "true" {
		return ""
	}
	label, _ := htmltest.Attr(n, "aria-label")
	text := label
	for c := range n.ChildNodes() {
		text += spoken(c)
	}
	return text
}

func unknownRoles(root *html.Node) (problems []string) {
	known := []string{"alert", "group", "img", "log", "region", "status", "search"}
	for n := range htmltest.Elements(root) {
		if role, ok := htmltest.Attr(n, "role"); ok && !slices.Contains(known, role) {
			problems = append(problems, role)
		}
	}
	return problems
}

func imagesWithoutText(root *html.Node) (problems []string) {
	for n := range htmltest.Elements(root, "img", "svg") {
		_, alt := htmltest.Attr(n, "alt")
		label, _ := htmltest.Attr(n, "aria-label")
		hidden, _ := htmltest.Attr(n, "aria-hidden")
		if !alt && label == "" && hidden != "true" {
			problems = append(problems, "<"+n.Data+">")
		}
	}
	return problems
}

func emptyLinks(root *html.Node) (problems []string) {
	for n := range htmltest.Elements(root, "a") {
		if href, _ := htmltest.Attr(n, "href"); href == "" {
			problems = append(problems, htmltest.Text(n))
		}
	}
	return problems
}

func tabOrder(root *html.Node) (problems []string) {
	for n := range htmltest.Elements(root) {
		if index, ok := htmltest.Attr(n, "tabindex"); ok && index != "0" && index != "-1" {
			problems = append(problems, "<"+n.Data+"> has "+index)
		}
	}
	return problems
}

func strayItems(root *html.Node) (problems []string) {
	for n := range htmltest.Elements(root, "li") {
		if n.Parent.Data != "ul" && n.Parent.Data != "ol" {
			problems = append(problems, "<li> in <"+n.Parent.Data+">")
		}
	}
	return problems
}
