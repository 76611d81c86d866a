package filter_test

import (
	"slices"
	"strings"
	"testing"

	"magpie.build/tools/pipeline/internal/filter"
)

// web needs ui and api; api needs ui; cli stands alone.
var modules = []filter.Module{
	{Name: "apps/api", Path: "example.com/apps/api", Deps: []string{"packages/ui"}},
	{Name: "apps/web", Path: "example.com/apps/web", Deps: []string{"apps/api", "packages/ui"}},
	{Name: "packages/ui", Path: "example.com/packages/ui"},
	{Name: "tools/cli", Path: "example.com/tools/cli"},
}

func TestSelect(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"":                               "apps/api apps/web packages/ui tools/cli",
		"apps/api":                       "apps/api",
		"example.com/apps/api":           "apps/api",
		"apps/*":                         "apps/api apps/web",
		"**/{ui,cli}":                    "packages/ui tools/cli",
		"./apps":                         "apps/api apps/web",
		"./apps/":                        "apps/api apps/web",
		".":                              "apps/api apps/web packages/ui tools/cli",
		"apps/api...":                    "apps/api packages/ui",
		"apps/web^...":                   "apps/api packages/ui",
		"...packages/ui":                 "apps/api apps/web packages/ui",
		"...^packages/ui":                "apps/api apps/web",
		"...apps/api...":                 "apps/api apps/web packages/ui",
		"!apps/web":                      "apps/api packages/ui tools/cli",
		"!apps/web,apps/*":               "apps/api",
		" tools/cli , packages/ui ":      "packages/ui tools/cli",
		"!...packages/ui":                "tools/cli",
		"apps/web...,!packages/ui":       "apps/api apps/web",
		"./apps/*,!example.com/apps/web": "apps/api",
	} {
		got, err := filter.Select(modules, expression)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("Select(%q) = %v, %v; want %s", expression, got, err, want)
		}
	}
}

func TestSelectNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		"apps/wbe":   `filter "apps/wbe": no such module` + "\n" + `hint: did you mean "apps/web"?`,
		"nothing/*":  `no such module`,
		"...":        `want a module, a folder or a glob`,
		"a,,b":       `want a module, a folder or a glob`,
		"apps/[":     `want a module, a folder or a glob`,
		"!":          `want a module, a folder or a glob`,
		"./missing":  `no such module`,
		"^apps/web":  `want a module, a folder or a glob`,
		"apps/web^^": `want a module, a folder or a glob`,
	} {
		if _, err := filter.Select(modules, expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Select(%q): %v; want it to say %q", expression, err, want)
		}
	}
}

// What an expression chooses is among the modules and sorted, and adding its opposite leaves nothing of it.
func FuzzSelect(f *testing.F) {
	for _, seed := range []string{"apps/*", "...packages/ui", "apps/web^...,!tools/cli", "./apps", "{a,b}", "...^[x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		got, err := filter.Select(modules, expression)
		if err != nil {
			return
		}
		if !slices.IsSorted(got) {
			t.Errorf("Select(%q) = %v is not sorted", expression, got)
		}
		for _, name := range got {
			left, err := filter.Select(modules, expression+",!"+name)
			if err != nil || slices.Contains(left, name) {
				t.Errorf("%q without %s = %v, %v", expression, name, left, err)
			}
		}
	})
}
