package icon_test

import (
	"regexp"
	"testing"

	"magpie.build/packages/ui/icon"
	"magpie.build/packages/ui/internal/htmltest"
)

func TestEveryNameDraws(t *testing.T) {
	path := regexp.MustCompile(`^[Mm][-0-9.a-zA-Z ]+$`)
	for _, name := range icon.Names() {
		root := htmltest.Parse(t, icon.Icon(icon.Props{Name: name}))
		if d, _ := htmltest.Attr(htmltest.One(t, root, "path"), "d"); !path.MatchString(d) {
			t.Errorf("%s draws %q", name, d)
		}
	}
}

func TestIconIsHiddenUnlessItSpeaks(t *testing.T) {
	silent := htmltest.One(t, htmltest.Parse(t, icon.Icon(icon.Props{Name: icon.Lock})), "svg")
	if hidden, _ := htmltest.Attr(silent, "aria-hidden"); hidden != "true" {
		t.Errorf("without a label aria-hidden is %q", hidden)
	}
	speaking := htmltest.One(t, htmltest.Parse(t, icon.Icon(icon.Props{Name: icon.Lock, Label: "Members only"})), "svg")
	if label, _ := htmltest.Attr(speaking, "aria-label"); label != "Members only" {
		t.Errorf("the label is %q", label)
	}
	if _, hidden := htmltest.Attr(speaking, "aria-hidden"); hidden {
		t.Error("an icon with a label is hidden")
	}
}
