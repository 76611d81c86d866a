package field_test

import (
	"testing"

	"magpie.build/packages/ui/field"
	"magpie.build/packages/ui/internal/htmltest"
)

func TestInputIsDescribedByWhatIsBelowIt(t *testing.T) {
	cases := []struct {
		props     field.Props
		described string
		invalid   bool
	}{
		{field.Props{ID: "f"}, "", false},
		{field.Props{ID: "f", Hint: "h"}, "f-hint", false},
		{field.Props{ID: "f", Error: "e"}, "f-error", true},
		{field.Props{ID: "f", Hint: "h", Error: "e"}, "f-error f-hint", true},
	}
	for _, c := range cases {
		input := htmltest.One(t, htmltest.Parse(t, field.Field(c.props)), "input")
		if got, _ := htmltest.Attr(input, "aria-describedby"); got != c.described {
			t.Errorf("%+v is described by %q, want %q", c.props, got, c.described)
		}
		if got, _ := htmltest.Attr(input, "aria-invalid"); (got == "true") != c.invalid {
			t.Errorf("%+v: aria-invalid is %q", c.props, got)
		}
	}
}
