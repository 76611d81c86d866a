package render

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"strings"
)

// Files returns what a site has beside its pages, scripts and search index, by address: the
// sitemap, robots.txt, llms.txt, the guides as they are written and the images they show.
func (s *Site) Files() (map[string][]byte, error) {
	sitemap, err := s.sitemap()
	if err != nil {
		return nil, fmt.Errorf("write the sitemap: %w", err)
	}
	files := map[string][]byte{
		"/sitemap.xml": sitemap,
		"/robots.txt":  []byte("User-agent: *\nAllow: /\nSitemap: " + s.absolute("/sitemap.xml") + "\n"),
		"/llms.txt":    s.llms(),
	}
	maps.Copy(files, s.images)
	for _, g := range s.guides {
		files[markdownAddress(g.page)] = g.source
	}
	return files, nil
}

// markdownAddress is where a guide lies as it is written.
func markdownAddress(p *Page) string {
	if p.Address == "/" {
		return guidesAt + homeFile
	}
	return strings.TrimSuffix(p.Address, "/") + ".md"
}

// absolute returns the whole address of something of the site.
func (s *Site) absolute(address string) string {
	return strings.TrimSuffix(s.sources.BaseURL.String(), "/") + address
}

type urlset struct {
	XMLName xml.Name   `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []location `xml:"url"`
}

type location struct {
	Loc string `xml:"loc"`
}

func (s *Site) sitemap() ([]byte, error) {
	var set urlset
	for _, p := range s.pages {
		if !p.unlisted {
			set.URLs = append(set.URLs, location{s.absolute(p.Address)})
		}
	}
	encoded, err := xml.MarshalIndent(set, "", " ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(encoded, '\n')...), nil
}

// llms is the site in short for language models, in the form of llmstxt.org.
func (s *Site) llms() []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n\n", s.name)
	if len(s.guides) > 0 {
		fmt.Fprintf(&out, "> %s\n\n", s.guides[0].doc.Summary)
	}
	out.WriteString("## Guides\n\n")
	for _, g := range s.guides {
		fmt.Fprintf(&out, "- [%s](%s): %s\n", g.doc.Title, s.absolute(markdownAddress(g.page)), g.doc.Summary)
	}
	out.WriteString("\n## Packages\n\n")
	for _, p := range s.sources.Workspace.Packages {
		fmt.Fprintf(&out, "- [%s](%s): %s\n", p.Dir, s.absolute(packageAddress(p)), p.Synopsis)
	}
	out.WriteString("\n## Reference\n\n")
	for _, p := range s.pages {
		if p.Address == settingsAt || p.Address == tasksAt || p.Address == componentsAt {
			fmt.Fprintf(&out, "- [%s](%s): %s\n", p.Title, s.absolute(p.Address), p.Description)
		}
	}
	return out.Bytes()
}
