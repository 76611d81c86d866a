package render

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"magpie.build/apps/docs/internal/markdown"
	"magpie.build/apps/docs/internal/search"
	"magpie.build/packages/ui/breadcrumb"
	"magpie.build/packages/ui/nav"
)

// homeFile is the guides' table of contents: its links give the order of the guides, and its
// headings the groups. It is the site's home page too.
const homeFile = "index.md"

type guide struct {
	file   string // scaling-out.md
	source []byte
	doc    *markdown.Document
	page   *Page
}

func guideAddress(file string) string {
	if file == homeFile {
		return "/"
	}
	return guidesAt + strings.TrimSuffix(file, ".md") + "/"
}

func (s *Site) planGuides() error {
	found, err := s.readGuides()
	if err != nil {
		return err
	}
	home := found[homeFile]
	if home == nil {
		return fmt.Errorf("there is no %s, the table of contents: add it and link each guide from it", homeFile)
	}
	delete(found, homeFile)
	s.addGuide(home, "")
	contents := nav.Item{Label: "Guides", Href: "/"}
	for _, section := range home.doc.Sections {
		group := nav.Item{Label: section.Heading}
		for _, link := range section.Links {
			g := found[link]
			if g == nil {
				continue
			}
			delete(found, link)
			s.addGuide(g, section.Heading)
			group.Items = append(group.Items, nav.Item{Label: g.doc.Title, Href: g.page.Address})
		}
		if len(group.Items) > 0 {
			contents.Items = append(contents.Items, group)
		}
	}
	s.sections = append(s.sections, contents)
	for i := 1; i < len(s.guides); i++ {
		s.guides[i-1].page.next, s.guides[i].page.previous = s.guides[i].page, s.guides[i-1].page
	}
	return unlisted(found)
}

func unlisted(left map[string]*guide) error {
	var problems []error
	for file := range left {
		problems = append(problems, fmt.Errorf("%s is not linked from %s, so nobody would find it", file, homeFile))
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

func (s *Site) readGuides() (map[string]*guide, error) {
	dir := filepath.Join(s.sources.Workspace.Root, filepath.FromSlash(s.sources.Content))
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return nil, err
	}
	guides := map[string]*guide{}
	for _, file := range files {
		guides[filepath.Base(file)] = &guide{file: filepath.Base(file)}
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(guides)) {
		g := guides[name]
		if g.source, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		g.doc, err = markdown.Parse(g.source, func(to string) (string, error) { return s.resolve(guides, to) })
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	return guides, errors.Join(problems...)
}

// resolve returns the address of what a guide links or shows: another guide, a package's folder,
// a module's folder, an image beside the guides, or a file of the workspace.
func (s *Site) resolve(guides map[string]*guide, destination string) (string, error) {
	file, anchor, _ := strings.Cut(destination, "#")
	if guides[file] != nil {
		return anchored(guideAddress(file), anchor), nil
	}
	target := path.Join(s.sources.Content, file)
	if p := s.sources.Workspace.At(target); p != nil {
		return anchored(packageAddress(p), anchor), nil
	}
	for _, m := range s.sources.Workspace.Modules {
		if m.Dir == target {
			return packagesAt + "#" + m.Dir, nil
		}
	}
	if strings.HasPrefix(target, "../") {
		return "", errors.New("it lies outside the workspace")
	}
	info, err := os.Stat(filepath.Join(s.sources.Workspace.Root, filepath.FromSlash(target)))
	switch {
	case err != nil:
		return "", fmt.Errorf("there is no %s", target)
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder without a package: link a file or a package", target)
	}
	if imageTypes[path.Ext(target)] && !strings.HasPrefix(file, "../") {
		return s.addImage(target, guidesAt+path.Clean(file))
	}
	s.linked = append(s.linked, target)
	return anchored(sourcesAt+target+"/", anchor), nil
}

// imageTypes are the endings of the files that guides show as pictures.
var imageTypes = map[string]bool{".png": true, ".svg": true, ".webp": true}

// addImage takes a picture beside the guides into the site, at the place it has beside their texts.
func (s *Site) addImage(name, address string) (string, error) {
	content, err := os.ReadFile(filepath.Join(s.sources.Workspace.Root, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	s.images[address] = content
	return address, nil
}

func (s *Site) addGuide(g *guide, group string) {
	g.page = s.add(&Page{
		Address:     guideAddress(g.file),
		Title:       g.doc.Title,
		Description: g.doc.Summary,
		section:     "/",
		outline:     outlineOf(g.doc.Sections),
		entries:     func() []search.Entry { return guideEntries(g) },
		body:        func() templ.Component { return guidePage(g) },
		markdown:    g.source,
	})
	if group != "" {
		g.page.parents = []breadcrumb.Item{{Label: "Guides", Href: "/"}}
	}
	s.guides = append(s.guides, g)
}

// outlineOf lists a guide's headings, those of the third level below those of the second.
func outlineOf(sections []markdown.Section) []nav.Item {
	var items []nav.Item
	for _, section := range sections {
		item := nav.Item{Label: section.Heading, Href: "#" + section.ID}
		switch {
		case section.Level == 2 || section.Level == 3 && len(items) == 0:
			items = append(items, item)
		case section.Level == 3:
			parent := &items[len(items)-1]
			parent.Items = append(parent.Items, item)
		}
	}
	return items
}

func guideEntries(g *guide) []search.Entry {
	entries := make([]search.Entry, 0, len(g.doc.Sections))
	for _, section := range g.doc.Sections {
		e := search.Entry{
			URL:     anchored(g.page.Address, section.ID),
			Title:   section.Heading,
			Where:   g.doc.Title,
			Kind:    "section",
			Summary: excerpt(section.Text),
			Text:    section.Text,
			Boost:   10,
		}
		if section.Level == 0 {
			e.Title, e.Where, e.Kind, e.Boost = g.doc.Title, "Guides", "guide", 40
		}
		entries = append(entries, e)
	}
	return entries
}

// excerpt returns the beginning of a text, cut at a word.
func excerpt(text string) string {
	const most = 120 // one or two lines below a result
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	cut := max(strings.LastIndexByte(text[:most], ' '), 0)
	return text[:cut] + " …"
}
