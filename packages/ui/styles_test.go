package ui_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie.build/packages/ui"
	"magpie.build/packages/ui/gallery"
	"magpie.build/packages/ui/internal/htmltest"
)

var (
	cssComment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssString   = regexp.MustCompile(`"[^"]*"`)
	cssClass    = regexp.MustCompile(`\.([a-z][a-zA-Z0-9-]*)`)
	cssSelector = regexp.MustCompile(`[^{};]+\{`)
	cssVar      = regexp.MustCompile(`var\((--[a-z0-9-]+)\)`) // without a fallback
	cssProperty = regexp.MustCompile(`(?:^|[\s{;])(--[a-z0-9-]+):`)
)

// forApps are helpers that no component needs: they are shown by the pages of the apps.
var forApps = []string{"cluster"}

func TestClassesHaveRulesAndRulesAreUsed(t *testing.T) {
	ruled, used := classesInStyles(t), classesInExamples(t)
	for class := range used {
		if !ruled[class] && !isHighlight(class) {
			t.Errorf("class %q is in an example, but no rule is for it", class)
		}
	}
	for class := range ruled {
		if !used[class] && !isHighlight(class) && !slices.Contains(forApps, class) {
			t.Errorf("there is a rule for class %q, but no example has it", class)
		}
	}
}

// isHighlight reports whether a class is one of chroma's, of which only those of some languages occur in the examples.
func isHighlight(class string) bool {
	return len(class) <= 3
}

func TestPropertiesAreDefined(t *testing.T) {
	all := strings.Join(slices.Collect(maps.Values(styles(t))), "\n")
	defined := map[string]bool{}
	for _, match := range cssProperty.FindAllStringSubmatch(all, -1) {
		defined[match[1]] = true
	}
	for _, match := range cssVar.FindAllStringSubmatch(all, -1) {
		if !defined[match[1]] {
			t.Errorf("var(%s) is used and nowhere set", match[1])
		}
	}
}

func TestTokensAreUsed(t *testing.T) {
	files := styles(t)
	all := strings.Join(slices.Collect(maps.Values(files)), "\n")
	for _, match := range cssProperty.FindAllStringSubmatch(files["styles/tokens.css"], -1) {
		if !strings.Contains(all, "var("+match[1]+")") {
			t.Errorf("the token %s is used nowhere", match[1])
		}
	}
}

func TestEveryStyleSheetIsBundled(t *testing.T) {
	files := styles(t)
	for name := range files {
		if name != "styles/ui.css" && !strings.Contains(files["styles/ui.css"], filepath.Base(name)+`"`) {
			t.Errorf("styles/ui.css does not import %s", name)
		}
	}
}

// Variants set properties and nothing else, so that what a component looks like is in one place.
func TestVariantsOnlySetProperties(t *testing.T) {
	variant := regexp.MustCompile(`(?m)^\.[a-z-]+\[data-(?:variant|tone|hue)="[^"]+"\] \{([^{}]*)\}`)
	for name, css := range styles(t) {
		if name == "nav/nav.css" {
			continue // a navigation's variants are different arrangements, not colours
		}
		for _, match := range variant.FindAllStringSubmatch(css, -1) {
			for declaration := range strings.SplitSeq(match[1], ";") {
				if d := strings.TrimSpace(declaration); d != "" && !strings.HasPrefix(d, "--") {
					t.Errorf("%s: a variant sets %q itself", name, d)
				}
			}
		}
	}
}

func TestBundleDeclaresTheLayers(t *testing.T) {
	css, err := fs.ReadFile(ui.Dist(), "ui.css")
	if err != nil {
		t.Fatal(err)
	}
	if want := "@layer reset,tokens,base,components,utilities,app;"; !strings.HasPrefix(string(css), want) {
		t.Errorf("ui.css begins %.60q, want %q", css, want)
	}
}

// styles returns every style sheet of the module by its path, without comments.
func styles(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("*/*.css")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(path) != "dist" {
			files[filepath.ToSlash(path)] = cssComment.ReplaceAllString(string(text), "")
		}
	}
	return files
}

func classesInStyles(t *testing.T) map[string]bool {
	t.Helper()
	classes := map[string]bool{}
	for _, css := range styles(t) {
		for _, selector := range cssSelector.FindAllString(cssString.ReplaceAllString(css, ""), -1) {
			for _, match := range cssClass.FindAllStringSubmatch(selector, -1) {
				classes[match[1]] = true
			}
		}
	}
	return classes
}

func classesInExamples(t *testing.T) map[string]bool {
	t.Helper()
	classes := map[string]bool{}
	for _, c := range gallery.Components() {
		for _, e := range c.Examples {
			// What is in noscript is text to the parser.
			for _, match := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(htmltest.Render(t, e.Render), -1) {
				for class := range strings.FieldsSeq(match[1]) {
					classes[class] = true
				}
			}
		}
	}
	return classes
}
