package gallery_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magpie.build/packages/ui/gallery"
)

// A template function with a capital letter is exported: in a component's folder it is a component, beside it an example.
var exported = regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`)

func TestEveryComponentIsListed(t *testing.T) {
	var listed []string
	for _, c := range gallery.Components() {
		listed = append(listed, c.Name)
	}
	var folders []string
	for _, file := range templates(t, "*") {
		folders = append(folders, filepath.Base(filepath.Dir(file)))
	}
	slices.Sort(folders)
	if folders = slices.Compact(folders); !slices.Equal(listed, folders) {
		t.Errorf("components.go lists %v\nthe folders are       %v", listed, folders)
	}
}

func TestEveryExampleIsListed(t *testing.T) {
	for _, c := range gallery.Components() {
		var listed, written []string
		for _, e := range c.Examples {
			listed = append(listed, e.Name)
		}
		for _, match := range exported.FindAllStringSubmatch(source(t, "../"+c.Name+"/examples/examples.templ"), -1) {
			written = append(written, match[1])
		}
		if !slices.Equal(listed, written) {
			t.Errorf("%s: components.go lists %v, the file has %v", c.Name, listed, written)
		}
	}
}

func TestEveryExportedComponentIsInAnExample(t *testing.T) {
	for _, c := range gallery.Components() {
		files := templates(t, c.Name)
		examples := source(t, "../"+c.Name+"/examples/examples.templ")
		for _, file := range files {
			for _, match := range exported.FindAllStringSubmatch(source(t, file), -1) {
				call := c.Name + "." + match[1] + "("
				if !strings.Contains(examples, call) && !usedInside(t, files, match[1]) {
					t.Errorf("%s: no example calls %s…)", c.Name, call)
				}
			}
		}
	}
}

// usedInside says that a component is a part of another of its package, so that an example of the whole shows it.
func usedInside(t *testing.T, files []string, name string) bool {
	t.Helper()
	return slices.ContainsFunc(files, func(file string) bool { return strings.Contains(source(t, file), "@"+name+"(") })
}

func TestComponentsAndExamplesSayWhatTheyAre(t *testing.T) {
	for _, c := range gallery.Components() {
		if !strings.HasPrefix(c.Doc, "Package "+c.Name+" ") {
			t.Errorf("%s: the comment is %q", c.Name, c.Doc)
		}
		for _, e := range c.Examples {
			if !strings.HasPrefix(e.Doc, e.Name+" ") && !strings.HasPrefix(e.Doc, "All ") {
				t.Errorf("%s.%s: the comment is %q", c.Name, e.Name, e.Doc)
			}
			if !strings.HasPrefix(e.Source, "@") && !strings.HasPrefix(e.Source, "for ") && !strings.HasPrefix(e.Source, "<p>") {
				t.Errorf("%s.%s: the source is not the function's body: %q", c.Name, e.Name, e.Source)
			}
		}
	}
}

// templates returns the paths of the templates in a component's folder.
func templates(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("../" + folder + "/*.templ")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func source(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
